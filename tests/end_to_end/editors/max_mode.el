;;; max_mode.el --- propose, compare, accept the second, undo  -*- lexical-binding: t -*-
;; The assertions are in test_max_mode_editors.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'eglot)

(defun page ()
  "The comparison: a buffer, or the file that a message names."
  (let ((buffer (cl-find-if (lambda (each) (string-match-p "proposals.md" (or (buffer-file-name each) "")))
                            (buffer-list)))
        (message (said "proposals.md")))
    (cond (buffer (buffer-file-name buffer))
          ((and message (string-match "file://[^ ]+" message))
           (eglot--uri-to-path (match-string 0 message))))))

(play
 (lambda ()
   (let* ((server (start-eglot '(text-mode))) (buffer (current-buffer)))
     (cl-flet ((text () (with-current-buffer buffer (buffer-string))))
       (note 'refused (condition-case failure (holdfast-accept 0) (user-error (cadr failure))))
       (unless (string-match-p "waits on" (holdfast-answer "")) (error "No answer was taken for one"))
       (note 'state (plist-get (holdfast-propose "Make it new." 3) :state))
       (let ((file (wait "the comparison" #'page)))
         (note 'comparison (with-temp-buffer (insert-file-contents file) (buffer-string))))
       (note 'before (text))
       (switch-to-buffer buffer)
       (goto-char (point-min))
       (act "Accept 2")
       (wait "the edit" (lambda () (string-match-p "the new 1 text" (text))))
       (note 'accepted (text))
       ;; Idle timers, which tell the server of changes, do not run in batch.
       (with-current-buffer buffer (sync))
       (wait "the end" (lambda () (holdfast-request "status") (said "edited a.txt")))
       (with-current-buffer buffer (save-buffer) (sync))
       (holdfast-undo)
       (wait "the undo" (lambda () (string-match-p "the old text" (text))))
       (note 'undone (text))
       (stop-eglot server)))))
