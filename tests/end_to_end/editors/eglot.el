;;; eglot.el --- drives a batch Emacs with eglot against the real server  -*- lexical-binding: t -*-
;; Stock eglot; only the questions that nobody can answer in batch are answered here.
;; Writes what it saw as JSON to $RESULT; the assertions are in test_editors.py.
(setq make-backup-files nil create-lockfiles nil)
(when (< emacs-major-version 29)
  (require 'package)                    ; -Q skips Debian's site start
  (dolist (folder '("/usr/share/emacs/site-lisp/elpa" "/usr/share/emacs/site-lisp/elpa-src"))
    (add-to-list 'package-directory-list folder))
  (package-initialize))
(require 'eglot) (require 'cl-lib) (require 'json) (require 'python)

(defvar progress nil)
(defvar asked nil)
(defvar messages nil)
(defvar wanted "once")
(defvar result nil)

(defun note (key value) (push (cons key value) result))
(defun wait (what condition &optional seconds)
  (let ((end (+ (float-time) (or seconds 20))) value)
    (while (and (not (setq value (funcall condition))) (< (float-time) end))
      (accept-process-output nil 0.05))
    (or value (error "Not in time: %s; progress %S; asked %S" what progress asked))))

(defun choose (prompt collection &rest _)
  (let* ((all (all-completions "" collection))
         (hit (cl-find-if (lambda (each) (string-match-p (regexp-quote wanted) each)) all)))
    (push (format "%s [%s]" prompt hit) asked)
    (or hit (car all))))
(advice-add 'completing-read :override #'choose)
(advice-add 'y-or-n-p :override (lambda (&rest _) t))
(advice-add 'tmm-prompt :override (lambda (&rest _) nil))
(cl-defmethod eglot-handle-notification :before (_server (_ (eql $/progress)) &key _token value &allow-other-keys)
  (push (format "%s: %s" (plist-get value :kind) (plist-get value :message)) progress))
(cl-defmethod eglot-handle-notification :before (_server (_ (eql window/showMessage)) &key message &allow-other-keys)
  (push message messages))

;; eglot 1.9 says that it does not know progress, so the end of a run comes as a message.
(defun told (text)
  (cl-find-if (lambda (message) (string-match-p text message)) messages))

(defun drive ()
  (add-to-list 'eglot-server-programs
               (cons 'python-mode (append (json-parse-string (getenv "SERVER") :array-type 'list) nil)))
  (setq eglot-sync-connect 20 eglot-autoshutdown nil eglot-send-changes-idle-time 0.05
        eglot-confirm-server-edits nil eglot-confirm-server-initiated-edits nil)
  (find-file (getenv "FILE"))
  (python-mode)
  (apply #'eglot (eglot--guess-contact))
  (let ((server (eglot-current-server)) (buffer (current-buffer)))
    (cl-flet ((command (name &optional argument)
                (jsonrpc-request server :workspace/executeCommand
                                 (append (list :command name)
                                         (and argument (list :arguments (vector argument))))
                                 :timeout 20)))
      ;; A person has typed something that is not saved.
      (goto-char (point-min))
      (insert "# typed 🙂 and not saved\n")
      (eglot--signal-textDocument/didChange)
      ;; A run from a code action on a selection, as a person would take it.
      (setq wanted "Work on this")
      (push-mark (point-min) t t)
      (goto-char (point-max))
      (setq mark-active t transient-mark-mode t)
      (let ((last-nonmenu-event t)) (call-interactively #'eglot-code-actions))
      (setq wanted "once")
      (wait "the edit in the buffer"
            (lambda () (with-current-buffer buffer
                         (save-excursion (goto-char (point-min)) (search-forward "fixed = True" nil t)))))
      (eglot--signal-textDocument/didChange)
      (wait "the end of the run" (lambda () (told "The answer is 42")))
      (note 'lines (vconcat (split-string (buffer-string) "\n")))
      (note 'modified (if (buffer-modified-p) t :json-false))
      ;; A second run, stopped by a command.
      (note 'started (command "holdfast.run.start" '(:prompt "Sleep.")))
      (wait "the command that sleeps"
            (lambda () (file-exists-p (expand-file-name "sleeping" (getenv "PROJECT")))))
      (let ((before (float-time)))
        (note 'stopped (command "holdfast.run.stop"))
        (wait "the stop" (lambda () (told "stopped")))
        (note 'stop_seconds (- (float-time) before)))
      (note 'status (command "holdfast.status"))
      (with-current-buffer buffer (set-buffer-modified-p nil))
      (eglot-shutdown server))))

(let ((failure (condition-case problem (progn (drive) nil) (error (error-message-string problem)))))
  (note 'error failure)
  (note 'progress (vconcat (reverse progress)))
  (note 'asked (vconcat (reverse asked)))
  (note 'messages (vconcat (reverse messages)))
  (let ((coding-system-for-write 'utf-8))
    (with-temp-file (getenv "RESULT") (insert (json-encode result))))
  (kill-emacs (if failure 1 0)))
