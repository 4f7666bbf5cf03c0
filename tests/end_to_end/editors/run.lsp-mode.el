;;; run.lsp-mode.el --- a run from a code action with permission and a stop  -*- lexical-binding: t -*-
;; The assertions are in test_editors.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'lsp-mode) (require 'python)

(play
 (lambda ()
   (start-lsp-mode)
   (let ((buffer (current-buffer)))
     (goto-char (point-min))
     (insert "# typed 🙂 and not saved\n")
     (push-mark (point-min) t t)
     (goto-char (point-max))
     (setq mark-active t transient-mark-mode t)
     (let ((wanted "Work on this")) (call-interactively #'lsp-execute-code-action))
     (approve)
     (wait "the edit in the buffer"
           (lambda () (with-current-buffer buffer
                        (save-excursion (goto-char (point-min)) (search-forward "fixed = True" nil t)))))
     (wait "the end of the run" (lambda () (said "The answer is 42")))
     (note 'lines (vconcat (split-string (buffer-string) "\n")))
     (note 'modified (if (buffer-modified-p) t :json-false))
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
     (note 'statusline (holdfast-mode-line))
     (stop-lsp-mode))))
