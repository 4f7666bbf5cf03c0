;;; goals.el --- goals from the first diagnostic to met  -*- lexical-binding: t -*-
;; The assertions are in test_goal_editors.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'eglot) (require 'python) (require 'js)

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

(add-to-list 'auto-mode-alist '("\\.md\\'" . text-mode))
(add-to-list 'auto-mode-alist '("\\.ts\\'" . js-mode))
(play
 (lambda ()
  (let* ((server (start-eglot '(text-mode python-mode js-mode))) (goals (current-buffer)))
    (cl-flet ((has (text) (with-current-buffer goals
                            (save-excursion (goto-char (point-min)) (search-forward text nil t))))
              (act-on (line title)
                (with-current-buffer goals
                  (sync)
                  (goto-char (point-min)) (forward-line line)
                  (setq mark-active nil)
                  (act title))))
      (wait "diagnostics" (lambda () (>= (length (shown goals)) 3)))
      (note 'first (vconcat (shown goals)))

      ;; Check now, and it is met.
      (act-on 2 "Check now")
      (approve)
      (wait "the tick" (lambda () (has "- [x] 🙂🙂 the file")))
      (with-current-buffer goals (sync))
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
      (act-on 8 "Work on this goal:")
      (approve)
      (wait "the end" (lambda () (has "- [x] it is written")))
      (wait "no diagnostic" (lambda () (with-current-buffer goals (sync))
                              (not (code-at goals 9))))
      (wait "the last word" (lambda () (said "Now it is")))
      (note 'worked (with-current-buffer goals (buffer-string)))
      (wait "the mode line" (lambda () (string-match-p "^ [0-9]/4 goals$" (holdfast-mode-line))))
      (note 'statusline (string-trim (holdfast-mode-line)))
      (note 'status (holdfast-request "status"))
      (stop-eglot server)))))
