;;; search.lsp-mode.el --- what the memory finds is listed  -*- lexical-binding: t -*-
;; The assertions are in test_memory_editors.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'lsp-mode) (require 'python)

(play
 (lambda ()
   (start-lsp-mode)
   (search-boiler)
   (stop-lsp-mode)))
