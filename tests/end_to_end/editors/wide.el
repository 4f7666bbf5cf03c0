;;; wide.el --- typing and edits beside wide characters  -*- lexical-binding: t -*-
;; The assertions are in test_editors.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'eglot) (require 'python)

(play
 (lambda ()
   (let ((server (start-eglot '(python-mode))))
     (search-forward "漢")
     (backward-char)
     (insert "🧭")
     (sync)
     (holdfast-work "Edit.")
     (wait "the end" (lambda () (sync) (said "All edited.")))
     (note 'text (buffer-string))
     (stop-eglot server))))
