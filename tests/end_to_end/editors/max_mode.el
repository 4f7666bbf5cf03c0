;;; max_mode.el --- drives a batch Emacs with eglot through a proposal  -*- lexical-binding: t -*-
;; Stock eglot: propose, read the comparison, accept the second candidate, undo. Only the
;; questions that nobody can answer in batch are answered here.
;; Writes what it saw as JSON to $RESULT; the assertions are in test_max_mode_editors.py.
(setq make-backup-files nil create-lockfiles nil)
(when (< emacs-major-version 29)
  (require 'package)                    ; -Q skips Debian's site start
  (dolist (folder '("/usr/share/emacs/site-lisp/elpa" "/usr/share/emacs/site-lisp/elpa-src"))
    (add-to-list 'package-directory-list folder))
  (package-initialize))
(require 'eglot) (require 'cl-lib) (require 'json)

(defvar offered nil)
(defvar messages nil)
(defvar result nil)

(defun note (key value) (push (cons key value) result))
(defun wait (what condition &optional seconds)
  (let ((end (+ (float-time) (or seconds 20))) value)
    (while (and (not (setq value (funcall condition))) (< (float-time) end))
      (accept-process-output nil 0.05))
    (or value (error "Not in time: %s; offered %S; messages %S" what offered messages))))
(defun said (text)
  (cl-find-if (lambda (each) (string-match-p (regexp-quote text) each)) messages))

(defun choose (_prompt collection &rest _)
  (let ((all (all-completions "" collection)))
    (setq offered all)
    (or (cl-find-if (lambda (each) (string-match-p "Accept 2" each)) all) (car all))))
(advice-add 'completing-read :override #'choose)
(advice-add 'y-or-n-p :override (lambda (&rest _) t))
(advice-add 'tmm-prompt :override (lambda (&rest _) nil))
(cl-defmethod eglot-handle-notification :before (_server (_ (eql window/showMessage)) &key message &allow-other-keys)
  (push message messages))

(defun page ()
  "The comparison: a buffer, or the file that a message names."
  (let ((buffer (cl-find-if (lambda (each) (string-match-p "proposals.md" (or (buffer-file-name each) "")))
                            (buffer-list)))
        (message (said "proposals.md")))
    (cond (buffer (buffer-file-name buffer))
          ((and message (string-match "file://[^ ]+" message))
           (eglot--uri-to-path (match-string 0 message))))))

(defun drive ()
  (add-to-list 'eglot-server-programs
               (cons 'text-mode (append (json-parse-string (getenv "SERVER") :array-type 'list) nil)))
  (setq eglot-sync-connect 20 eglot-autoshutdown nil eglot-send-changes-idle-time 0.05
        eglot-confirm-server-edits nil eglot-confirm-server-initiated-edits nil)
  (find-file (getenv "FILE"))
  (apply #'eglot (eglot--guess-contact))
  (let ((server (eglot-current-server)) (buffer (current-buffer)) run)
    (cl-flet ((command (name &optional argument)
                (jsonrpc-request server :workspace/executeCommand
                                 (append (list :command name)
                                         (and argument (list :arguments (vector argument))))
                                 :timeout 20))
              (text () (with-current-buffer buffer (buffer-string))))
      (command "holdfast.status")
      (setq run (command "holdfast.max.propose"
                         (list :prompt "Make it new." :samples 3
                               :uri (concat "file://" (file-truename (getenv "FILE"))))))
      (note 'state (plist-get run :state))
      (let ((file (wait "the comparison" #'page)))
        (note 'comparison (with-temp-buffer (insert-file-contents file) (buffer-string))))
      (note 'before (text))
      (switch-to-buffer buffer)
      (goto-char (point-min))
      (let ((last-nonmenu-event t)) (call-interactively #'eglot-code-actions))
      (wait "the edit" (lambda () (string-match-p "the new 1 text" (text))))
      (note 'accepted (text))
      ;; Idle timers, which tell the server of changes, do not run in batch.
      (with-current-buffer buffer (eglot--signal-textDocument/didChange))
      (wait "the end" (lambda () (command "holdfast.status") (said "edited a.txt")))
      (with-current-buffer buffer (save-buffer) (eglot--signal-textDocument/didChange))
      (command "holdfast.run.undo" (list :runId (plist-get run :runId)))
      (wait "the undo" (lambda () (string-match-p "the old text" (text))))
      (note 'undone (text))
      (dolist (each (buffer-list)) (with-current-buffer each (set-buffer-modified-p nil)))
      (eglot-shutdown server))))

(let ((failure (condition-case problem (progn (drive) nil) (error (error-message-string problem)))))
  (note 'error failure)
  (note 'offered (vconcat offered))
  (note 'messages (vconcat (reverse messages)))
  (let ((coding-system-for-write 'utf-8))
    (with-temp-file (getenv "RESULT") (insert (json-encode result))))
  (kill-emacs (if failure 1 0)))
