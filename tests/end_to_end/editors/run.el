;;; run.el --- a run from a code action with permission and a stop  -*- lexical-binding: t -*-
;; The assertions are in test_editors.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'eglot) (require 'python)

(defvar progress nil)
(cl-defmethod eglot-handle-notification :before (_server (_ (eql $/progress)) &key _token value &allow-other-keys)
  (push (format "%s: %s" (plist-get value :kind) (plist-get value :message)) progress))

;; eglot 1.9 says that it does not know progress, so the end of a run comes as a message.
(play
 (lambda ()
   (let* ((server (start-eglot '(python-mode))) (buffer (current-buffer)))
     ;; A person has typed something that is not saved.
     (goto-char (point-min))
     (insert "# typed 🙂 and not saved\n")
     (sync)
     ;; A run from a code action on a selection, as a person would take it.
     (push-mark (point-min) t t)
     (goto-char (point-max))
     (setq mark-active t transient-mark-mode t)
     (act "Work on this")
     (approve)
     (wait "the edit in the buffer"
           (lambda () (with-current-buffer buffer
                        (save-excursion (goto-char (point-min)) (search-forward "fixed = True" nil t)))))
     (sync)
     (wait "the end of the run" (lambda () (said "The answer is 42")))
     (note 'lines (vconcat (split-string (buffer-string) "\n")))
     (note 'modified (if (buffer-modified-p) t :json-false))
     ;; A second run, stopped by a command.
     (deactivate-mark)
     (note 'started (holdfast-work "Sleep."))
     (approve)
     (wait "the command that sleeps"
           (lambda () (file-exists-p (expand-file-name "sleeping" (getenv "PROJECT")))))
     (let ((before (float-time)))
       (note 'stopped (holdfast-stop))
       (wait "the stop" (lambda () (said "stopped")))
       (note 'stop_seconds (- (float-time) before)))
     (note 'status (holdfast-request "status"))
     (note 'progress (vconcat (reverse progress)))
     (stop-eglot server))))
