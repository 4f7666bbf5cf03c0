;;; review.el --- what a run changed is listed, taken back and given back  -*- lexical-binding: t -*-
;; The assertions are in test_review_editors.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'eglot)

(play
 (lambda ()
   (let ((server (start-eglot '(text-mode))))
     (review-changes #'sync)
     (stop-eglot server))))
