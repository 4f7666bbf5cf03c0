;;; goals.el --- drives a batch Emacs with eglot through the goals of a project  -*- lexical-binding: t -*-
;; Stock eglot; only the questions that nobody can answer in batch are answered here.
;; Writes what it saw as JSON to $RESULT; the assertions are in test_goal_editors.py.
(setq make-backup-files nil create-lockfiles nil)
(when (< emacs-major-version 29)
  (require 'package)                    ; -Q skips Debian's site start
  (dolist (folder '("/usr/share/emacs/site-lisp/elpa" "/usr/share/emacs/site-lisp/elpa-src"))
    (add-to-list 'package-directory-list folder))
  (package-initialize))
(require 'eglot) (require 'cl-lib) (require 'json) (require 'python) (require 'js)

(defvar asked nil)
(defvar messages nil)
(defvar wanted "once")
(defvar result nil)

(defun note (key value) (push (cons key value) result))
(defun wait (what condition &optional seconds)
  (let ((end (+ (float-time) (or seconds 20))) value)
    (while (and (not (setq value (funcall condition))) (< (float-time) end))
      (accept-process-output nil 0.05))
    (or value (error "Not in time: %s; asked %S; messages %S" what asked messages))))

(defun choose (prompt collection &rest _)
  (let* ((all (all-completions "" collection))
         (hit (cl-find-if (lambda (each) (string-match-p (regexp-quote wanted) each)) all)))
    (push (format "%s [%s]" prompt hit) asked)
    (or hit (car all))))
(advice-add 'completing-read :override #'choose)
(advice-add 'y-or-n-p :override (lambda (&rest _) t))
(advice-add 'tmm-prompt :override (lambda (&rest _) nil))
(cl-defmethod eglot-handle-notification :before (_server (_ (eql window/showMessage)) &key message &allow-other-keys)
  (push message messages))

;; What flymake would show: the diagnostics as eglot places them in the buffer.
(defvar published (make-hash-table :test #'equal))
(cl-defmethod eglot-handle-notification :before (_server (_ (eql textDocument/publishDiagnostics)) &key uri diagnostics &allow-other-keys)
  (puthash (file-truename (eglot--uri-to-path uri)) (append diagnostics nil) published))
(defun shown (buffer)
  (with-current-buffer buffer
    (sort (mapcar (lambda (each)
                    (let* ((region (eglot--range-region (plist-get each :range))))
                      (list (cons 'code (plist-get each :code))
                            (cons 'line (1- (line-number-at-pos (car region))))
                            (cons 'text (buffer-substring-no-properties (car region) (cdr region)))
                            (cons 'message (plist-get each :message)))))
                  (gethash (file-truename (buffer-file-name)) published))
          (lambda (a b) (< (alist-get 'line a) (alist-get 'line b))))))
(defun code-at (buffer line)
  (alist-get 'code (cl-find line (shown buffer) :key (lambda (each) (alist-get 'line each)))))

;; eglot counts as UTF-16 does, unless it is told to count characters, as UTF-32 does.
(cl-defmethod eglot-client-capabilities :around (_server)
  (append (cl-call-next-method)
          (list :general (list :positionEncodings (vector (getenv "ENCODING"))))))
(when (equal (getenv "ENCODING") "utf-32")
  (setq eglot-current-column-function #'eglot-current-column
        eglot-move-to-column-function #'eglot-move-to-column))

(defun drive ()
  (add-to-list 'auto-mode-alist '("\\.md\\'" . text-mode))
  (add-to-list 'auto-mode-alist '("\\.ts\\'" . js-mode))
  (add-to-list 'eglot-server-programs
               (cons '(text-mode python-mode js-mode)
                     (append (json-parse-string (getenv "SERVER") :array-type 'list) nil)))
  (setq eglot-sync-connect 20 eglot-autoshutdown nil eglot-send-changes-idle-time 0.05
        eglot-confirm-server-edits nil eglot-confirm-server-initiated-edits nil)
  (find-file (getenv "FILE"))
  (apply #'eglot (eglot--guess-contact))
  (let ((server (eglot-current-server)) (goals (current-buffer)))
    (cl-flet ((command (name &optional argument)
                (jsonrpc-request server :workspace/executeCommand
                                 (append (list :command name)
                                         (and argument (list :arguments (vector argument))))
                                 :timeout 20))
              (has (text) (with-current-buffer goals
                            (save-excursion (goto-char (point-min)) (search-forward text nil t))))
              (act (line title)
                (with-current-buffer goals
                  (eglot--signal-textDocument/didChange)
                  (goto-char (point-min)) (forward-line line)
                  (setq wanted title mark-active nil)
                  (let ((last-nonmenu-event t)) (call-interactively #'eglot-code-actions))
                  (setq wanted "once"))))
      (wait "diagnostics" (lambda () (>= (length (shown goals)) 3)))
      (note 'first (vconcat (shown goals)))

      ;; Check now, and it is met.
      (act 2 "Check now")
      (wait "the tick" (lambda () (has "- [x] 🙂🙂 the file")))
      (with-current-buffer goals (eglot--signal-textDocument/didChange))
      (wait "met" (lambda () (not (code-at goals 3))))
      (note 'checked (with-current-buffer goals (buffer-string)))
      (with-current-buffer goals (save-buffer))

      ;; Another file is saved, and it is stale; comments in code are goals.
      (let (found)
        (dolist (name '("a.ts" "a.py"))
          (find-file (expand-file-name name (getenv "PROJECT")))
          (unless (eglot-managed-p) (eglot--maybe-activate-editing-mode))
          (let ((buffer (current-buffer)))
            (wait (concat "the comment in " name) (lambda () (= 1 (length (shown buffer)))))
            (push (cons (intern name) (car (shown buffer))) found)))
        (note 'shown found))
      (goto-char (point-max)) (insert "y = 1\n") (save-buffer)
      (wait "stale" (lambda () (equal (code-at goals 3) "goal-stale")))

      ;; Work on the other goal from a code action until it is met.
      (switch-to-buffer goals)
      (act 8 "Work on this goal:")
      (wait "the end" (lambda () (has "- [x] it is written")))
      (wait "no diagnostic" (lambda () (with-current-buffer goals (eglot--signal-textDocument/didChange))
                              (not (code-at goals 9))))
      (wait "the last word" (lambda () (cl-find-if (lambda (each) (string-match-p "Now it is" each)) messages)))
      (note 'worked (with-current-buffer goals (buffer-string)))
      (note 'status (command "holdfast.status"))
      (dolist (buffer (buffer-list)) (with-current-buffer buffer (set-buffer-modified-p nil)))
      (eglot-shutdown server))))

(let ((failure (condition-case problem (progn (drive) nil) (error (error-message-string problem)))))
  (note 'error failure)
  (note 'asked (vconcat (reverse asked)))
  (note 'messages (vconcat (reverse messages)))
  (let ((coding-system-for-write 'utf-8))
    (with-temp-file (getenv "RESULT") (insert (json-encode result))))
  (kill-emacs (if failure 1 0)))
