;;; wide.lsp-mode.el --- typing and edits beside wide characters  -*- lexical-binding: t -*-
;; The assertions are in test_editors.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'lsp-mode) (require 'python)

(play
 (lambda ()
   (start-lsp-mode)
   (search-forward "漢")
   (backward-char)
   (insert "🧭")
   (holdfast-work "Edit.")
   (wait "the end" (lambda () (said "All edited.")))
   (note 'text (buffer-string))
   (stop-lsp-mode)))
