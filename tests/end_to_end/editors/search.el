;;; search.el --- what the memory finds is listed  -*- lexical-binding: t -*-
;; The assertions are in test_memory_editors.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'eglot) (require 'python)

(play
 (lambda ()
   (let ((server (start-eglot '(python-mode))))
     (search-boiler)
     (stop-eglot server))))
