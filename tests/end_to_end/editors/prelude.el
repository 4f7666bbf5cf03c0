;;; prelude.el --- what every driver of a batch Emacs needs  -*- lexical-binding: t -*-
;; The configuration that ships, notes, and waiting. Only the questions that nobody can
;; answer in batch are answered here.
(setq make-backup-files nil create-lockfiles nil)
(setq native-comp-enable-subr-trampolines nil) ; a compiler need not be there
(require 'package)                      ; -Q skips Debian's site start
(dolist (folder '("elpa" "elpa-src"))
  (add-to-list 'package-directory-list
               (expand-file-name (concat "../../site-lisp/" folder) data-directory)))
(package-initialize)
(require 'cl-lib) (require 'json)
(add-to-list 'load-path (expand-file-name "editors/emacs" (getenv "CLIENT")))
(require 'holdfast)
(setq holdfast-command (json-parse-string (getenv "SERVER") :array-type 'list))

(defvar lsp-response-timeout)
(setq lsp-response-timeout 60)           ; a machine may have much else to do

(defvar asked nil)
(defvar offered nil)
(defvar told nil "What the server said, newest first.")
(defvar wanted "" "What is chosen wherever something is offered.")
(defvar result nil)

(defun note (key value) (push (cons key value) result))
(defun wait (what condition &optional seconds)
  (let ((end (+ (float-time) (or seconds 60))) value)
    (while (and (not (setq value (funcall condition))) (< (float-time) end))
      (accept-process-output nil 0.05))
    (or value (error "Not in time: %s; asked %S; messages %S" what asked told))))
(defun said (text)
  (cl-find-if (lambda (message) (string-match-p (regexp-quote text) message)) told))

(defun kill-server (file)
  "Kill the server as soon as a command of it has written its process id to FILE."
  (let ((path (expand-file-name file (getenv "PROJECT"))))
    (wait file (lambda () (> (or (file-attribute-size (file-attributes path)) 0) 0)))
    (signal-process (with-temp-buffer (insert-file-contents path) (read (current-buffer))) 'KILL)))

(defun approve ()
  "Wait for a question of a run and say yes to it, as a person would: look, go there, press a key."
  (let ((shown (wait "the question" (lambda () holdfast-question--shown))) (here (selected-window))
        (buffer (current-buffer)))
    (push (with-current-buffer holdfast-question--buffer (buffer-substring-no-properties 1 (point-max))) asked)
    (when (equal (buffer-name (window-buffer)) holdfast-question--buffer) (error "It has taken the focus"))
    (holdfast-answer)
    (with-current-buffer (window-buffer) (call-interactively (key-binding "y")))
    (unless (eq here (selected-window)) (error "The focus is not back"))
    (set-buffer buffer)
    (wait "the answer" (lambda () (not (equal shown holdfast-question--shown))))))

(defun search-boiler ()
  "Note what a search lists of code and of a fact, as soon as the code is read."
  (let ((here (current-buffer)))
    (wait "the index" (lambda () (with-current-buffer here
                                   (not (seq-empty-p (plist-get (holdfast-request "memory.search" '(:query "boiler")) :hits))))))
    (holdfast-request "memory.remember" '(:text "The boiler is old."))
    (holdfast-search "boiler")
    (note 'found (with-current-buffer "*holdfast search*"
                   (vconcat (split-string (buffer-string) "\n" t))))))

(defun compared (name)
  "The two texts that `=' on the line of the file NAME shows in ediff, and how many differences."
  (let ((list (current-buffer)) (shown nil))
    (goto-char (point-min))
    (re-search-forward (concat "^" name))
    (require 'ediff)
    (setq ediff-window-setup-function #'ediff-setup-windows-plain)
    (let ((ediff-startup-hook
           (list (lambda ()
                   (setq shown (list (with-current-buffer ediff-buffer-A (buffer-string))
                                     (with-current-buffer ediff-buffer-B (buffer-string))
                                     ediff-number-of-differences))))))
      (call-interactively (key-binding "="))
      (wait (concat "the comparison of " name) (lambda () shown)))
    (pop-to-buffer list)
    (vconcat shown)))

(defun review-changes (sync)
  "Review a run that changes $FILE and others; SYNC tells the server of edits."
  (setq-default case-fold-search nil)
  (let ((buffer (current-buffer)))
    (cl-flet ((poem () (with-current-buffer buffer (buffer-substring-no-properties 1 (point-max))))
              (listed () (buffer-substring-no-properties 1 (point-max)))
              (told-server () (with-current-buffer buffer (funcall sync))))
      (holdfast-work "Change three files.")
      ;; Idle timers, which tell the server of changes, do not run in batch.
      (wait "the end" (lambda () (told-server) (said "All three are changed")) 60)
      (wait "the change" (lambda () (string-match-p "half" (poem))))
      (holdfast-changes)
      (wait "the list" (lambda () (string-match-p "poem.txt" (listed))))
      (note 'listed (vconcat (split-string (listed) "\n" t)))
      (search-forward "+THREE")
      (call-interactively (key-binding "u"))
      (wait "the hunk to go" (lambda () (told-server) (string-match-p "line 3, taken back" (listed))))
      (wait "the buffer" (lambda () (not (string-match-p "THREE" (poem)))))
      (note 'undone (poem))
      (note 'stays (get-text-property (point) 'holdfast-part))
      (call-interactively (key-binding "k"))
      (wait "the hunk to come" (lambda () (string-match-p "THREE" (poem))))
      (wait "its mark to go" (lambda () (told-server) (not (string-match-p "line 3, taken back" (listed)))))
      (goto-char (point-min))
      (search-forward "made.txt")
      (call-interactively (key-binding "u"))
      (wait "the file to go" (lambda () (string-match-p "made.txt.*taken back" (listed))))
      (note 'made (if (file-exists-p (expand-file-name "made.txt" (getenv "PROJECT"))) t :json-false))
      (note 'nowhere (condition-case failure (progn (goto-char (point-min)) (holdfast-changes-undo))
                       (user-error (cadr failure))))
      (note 'compared (vconcat (mapcar #'compared '("gone.txt" "made.txt" "poem.txt"))))
      (goto-char (point-min))
      (search-forward "six and a half")
      (call-interactively (key-binding (kbd "RET")))
      (note 'visited (list (buffer-name) (line-number-at-pos))))))

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
    (note 'messages (vconcat (reverse told)))
    (let ((coding-system-for-write 'utf-8))
      (with-temp-file (getenv "RESULT") (insert (json-encode result))))
    (kill-emacs (if failure 1 0))))

;; eglot

(defun start-eglot (modes)
  "Open $FILE with the server, as the configuration that ships does; return the server."
  (require 'eglot)
  (cl-defmethod eglot-handle-notification :before
    (_server (_ (eql window/showMessage)) &key message &allow-other-keys)
    (push message told))
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

;; lsp-mode

(defun start-lsp-mode ()
  "Open $FILE with the server, as the configuration that ships does."
  (require 'lsp-mode)
  (setq lsp-auto-guess-root t lsp-restart 'ignore lsp-enable-snippet nil lsp-enable-file-watchers nil
        lsp-session-file (concat (getenv "RESULT") ".session") lsp-debounce-full-sync-notifications nil
        lsp-idle-delay 0.05 lsp-warn-no-matched-clients nil lsp-auto-execute-action nil)
  (puthash "window/showMessage"
           (lambda (_workspace params) (push (plist-get (holdfast--plist params) :message) told))
           lsp--default-notification-handlers)
  (holdfast-lsp-mode)
  (find-file (getenv "FILE"))
  (python-mode)
  (lsp-workspace-folders-add (getenv "PROJECT"))
  (lsp)
  (wait "the server" (lambda () (cl-some (lambda (each) (eq 'initialized (lsp--workspace-status each)))
                                         (lsp-workspaces))))
  (note 'encoding (lsp--capability :positionEncoding)))
(defun stop-lsp-mode ()
  (set-buffer-modified-p nil)
  (lsp-workspace-shutdown (car (lsp-workspaces))))
