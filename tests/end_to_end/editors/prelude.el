;;; prelude.el --- what every driver of a batch Emacs needs  -*- lexical-binding: t -*-
;; The configuration that ships, notes, and waiting. Only the questions that nobody can
;; answer in batch are answered here.
(setq make-backup-files nil create-lockfiles nil)
(when (< emacs-major-version 29)
  (require 'package)                    ; -Q skips Debian's site start
  (dolist (folder '("/usr/share/emacs/site-lisp/elpa" "/usr/share/emacs/site-lisp/elpa-src"))
    (add-to-list 'package-directory-list folder))
  (package-initialize))
(require 'cl-lib) (require 'json)
(add-to-list 'load-path (expand-file-name "editors/emacs" (getenv "CLIENT")))
(require 'holdfast)
(setq holdfast-command (json-parse-string (getenv "SERVER") :array-type 'list))

(defvar asked nil)
(defvar offered nil)
(defvar messages nil)
(defvar wanted "once" "What is chosen wherever something is offered.")
(defvar result nil)

(defun note (key value) (push (cons key value) result))
(defun wait (what condition &optional seconds)
  (let ((end (+ (float-time) (or seconds 20))) value)
    (while (and (not (setq value (funcall condition))) (< (float-time) end))
      (accept-process-output nil 0.05))
    (or value (error "Not in time: %s; asked %S; messages %S" what asked messages))))
(defun said (text)
  (cl-find-if (lambda (message) (string-match-p (regexp-quote text) message)) messages))

(defun choose (prompt collection &rest _)
  (let* ((all (all-completions "" collection))
         (hit (cl-find-if (lambda (each) (string-match-p (regexp-quote wanted) each)) all)))
    (setq offered all)
    (push (format "%s [%s]" prompt hit) asked)
    (or hit (car all))))
(setq completing-read-function #'choose)
(advice-add 'y-or-n-p :override (lambda (&rest _) t))
(advice-add 'tmm-prompt :override (lambda (&rest _) nil))

(defun play (script)
  "Call SCRIPT and write what was seen as JSON to $RESULT."
  (let ((failure (condition-case problem (progn (funcall script) nil)
                   (error (error-message-string problem)))))
    (note 'error failure)
    (note 'asked (vconcat (reverse asked)))
    (note 'offered (vconcat offered))
    (note 'messages (vconcat (reverse messages)))
    (let ((coding-system-for-write 'utf-8))
      (with-temp-file (getenv "RESULT") (insert (json-encode result))))
    (kill-emacs (if failure 1 0))))

;; eglot

(defun start-eglot (modes)
  "Open $FILE with the server, as the configuration that ships does; return the server."
  (require 'eglot)
  (cl-defmethod eglot-handle-notification :before
    (_server (_ (eql window/showMessage)) &key message &allow-other-keys)
    (push message messages))
  (holdfast-eglot modes)
  (setq eglot-sync-connect 20 eglot-autoshutdown nil eglot-send-changes-idle-time 0.05
        eglot-confirm-server-edits nil eglot-confirm-server-initiated-edits nil)
  (find-file (getenv "FILE"))
  (apply #'eglot (eglot--guess-contact))
  (note 'encoding (or (plist-get (eglot--capabilities (eglot-current-server)) :positionEncoding)
                      "utf-16"))
  (eglot-current-server))
(defun sync () (eglot--signal-textDocument/didChange))
(defun act (title)
  "Take the code action with TITLE, as a person would."
  (let ((wanted title) (last-nonmenu-event t)) (call-interactively #'eglot-code-actions)))
(defun stop-eglot (server)
  (dolist (buffer (buffer-list)) (with-current-buffer buffer (set-buffer-modified-p nil)))
  (eglot-shutdown server))
