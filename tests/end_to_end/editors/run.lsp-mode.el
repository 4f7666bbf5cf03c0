;;; run.lsp-mode.el --- a run from a code action with permission and a stop  -*- lexical-binding: t -*-
;; The assertions are in test_editors.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'lsp-mode) (require 'python)

(setq lsp-auto-guess-root t lsp-restart 'ignore lsp-enable-snippet nil lsp-enable-file-watchers nil
      lsp-session-file (concat (getenv "RESULT") ".session") lsp-debounce-full-sync-notifications nil
      lsp-idle-delay 0.05 lsp-warn-no-matched-clients nil lsp-auto-execute-action nil)
(advice-add 'lsp--window-show-message :before
            (lambda (_workspace params) (push (lsp-get params :message) messages)))

(play
 (lambda ()
   (holdfast-lsp-mode)
   (find-file (getenv "FILE"))
   (python-mode)
   (lsp-workspace-folders-add (getenv "PROJECT"))
   (lsp)
   (wait "the server" (lambda () (cl-some (lambda (each) (eq 'initialized (lsp--workspace-status each)))
                                          (lsp-workspaces))))
   (let ((buffer (current-buffer)))
     (goto-char (point-min))
     (insert "# typed 🙂 and not saved\n")
     (push-mark (point-min) t t)
     (goto-char (point-max))
     (setq mark-active t transient-mark-mode t)
     (let ((wanted "Work on this")) (call-interactively #'lsp-execute-code-action))
     (wait "the edit in the buffer"
           (lambda () (with-current-buffer buffer
                        (save-excursion (goto-char (point-min)) (search-forward "fixed = True" nil t)))))
     (wait "the end of the run" (lambda () (said "The answer is 42")))
     (note 'lines (vconcat (split-string (buffer-string) "\n")))
     (note 'modified (if (buffer-modified-p) t :json-false))
     (deactivate-mark)
     (note 'started (holdfast-work "Sleep."))
     (wait "the command that sleeps"
           (lambda () (file-exists-p (expand-file-name "sleeping" (getenv "PROJECT")))))
     (let ((before (float-time)))
       (note 'stopped (holdfast-stop))
       (wait "the stop" (lambda () (said "stopped")))
       (note 'stop_seconds (- (float-time) before)))
     (note 'status (holdfast-request "status"))
     (note 'statusline (holdfast-mode-line))
     (set-buffer-modified-p nil)
     (lsp-workspace-shutdown (car (lsp-workspaces))))))
