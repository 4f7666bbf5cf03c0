;;; review.lsp-mode.el --- what a run changed is listed, taken back and given back  -*- lexical-binding: t -*-
;; The assertions are in test_review_editors.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'lsp-mode) (require 'python)

(play
 (lambda ()
   (start-lsp-mode)
   (review-changes #'ignore)
   (stop-lsp-mode)))
