;;; holdfast-changes.el --- What a run changed, to read, keep and take back  -*- lexical-binding: t -*-

;; License: MIT

;;; Commentary:

;; `holdfast-changes' lists the files and hunks that a run changed, each hunk with its lines.
;; Keys keep or take back the hunk, the file or all of it.  Taking back is itself undone by
;; keeping, and open buffers take part as with every edit.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'url-util)
(require 'diff-mode)

(declare-function holdfast-request "holdfast")
(declare-function holdfast-request-soon "holdfast")
(declare-function holdfast-server "holdfast")

(defconst holdfast-changes--buffer "*holdfast changes*")
(defconst holdfast-changes--states
  '(("kept" . ", kept") ("undone" . ", taken back") ("partly" . ", in part")))

(defvar-local holdfast-changes--server nil "The server of the run that is shown.")
(defvar-local holdfast-changes--run nil "The id of the run that is shown.")

(defvar holdfast-changes-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'holdfast-changes-visit)
    (define-key map "n" #'holdfast-changes-next)
    (define-key map "p" #'holdfast-changes-previous)
    (define-key map "k" #'holdfast-changes-keep)
    (define-key map "u" #'holdfast-changes-undo)
    (define-key map "K" #'holdfast-changes-keep-all)
    (define-key map "U" #'holdfast-changes-undo-all)
    (define-key map "=" #'holdfast-changes-compare)
    map)
  "Keys that answer what a run changed.")

(define-derived-mode holdfast-changes-mode special-mode "Changes"
  "What a run changed: its files, and below each its hunks.
\\<holdfast-changes-mode-map>\\[holdfast-changes-undo] takes back the hunk at point, on the \
line of a file all of it, and \\[holdfast-changes-keep] keeps
it, or gives it back.
\\{holdfast-changes-mode-map}"
  (setq-local revert-buffer-function (lambda (&rest _) (holdfast-changes--look)))
  (setq header-line-format
        "u takes back, k keeps or gives back, U and K all of it, RET goes there, = compares"))

;;; The list

(defun holdfast-changes--insert (face part &rest texts)
  "Write TEXTS as a line with FACE, as one of PART, a plist."
  (insert (propertize (concat (string-join texts) "\n") 'font-lock-face face
                      'holdfast-part part)))

(defun holdfast-changes--state (entry)
  "Words for what was answered to ENTRY."
  (concat (cdr (assoc (plist-get entry :state) holdfast-changes--states))
          (if (eq t (plist-get entry :edited)) ", edited since" "")))

(defun holdfast-changes--insert-file (file)
  "Write FILE, as `holdfast.run.changes' has it, with its hunks."
  (let* ((path (plist-get file :path)) (uri (plist-get file :uri)) (from (plist-get file :fromPath))
         (name (replace-regexp-in-string "[[:cntrl:]]" "?" path)))
    (holdfast-changes--insert
     'diff-file-header (list :path path :uri uri :line 0)
     name "  " (plist-get file :status) (if from (concat " from " from) "")
     (if (eq t (plist-get file :binary)) "  binary"
       (format "  +%d -%d" (plist-get file :additions) (plist-get file :deletions)))
     (holdfast-changes--state file))
    (seq-doseq (hunk (plist-get file :hunks))
      (let* ((line (plist-get (plist-get (plist-get hunk :after) :start) :line))
             (part (list :path path :uri uri :line line :hunk (plist-get hunk :id))))
        (holdfast-changes--insert 'diff-hunk-header part
                                  (format "@@ line %d%s" (1+ line) (holdfast-changes--state hunk)))
        (dolist (text (split-string (or (plist-get hunk :diff) "") "\n" t))
          (holdfast-changes--insert
           (pcase (aref text 0) (?+ 'diff-added) (?- 'diff-removed)) part text))))))

(defun holdfast-changes--fill (reply)
  "Show REPLY of `holdfast.run.changes' in this buffer."
  (let ((inhibit-read-only t) (here (get-text-property (point) 'holdfast-part)))
    (setq holdfast-changes--run (plist-get reply :runId))
    (erase-buffer)
    (insert (car (split-string (plist-get reply :message) "\n")) "\n\n")
    (seq-do #'holdfast-changes--insert-file (plist-get reply :files))
    (goto-char (point-min))
    (holdfast-changes--find (lambda (part) (holdfast-changes--same part here)))
    (dolist (window (get-buffer-window-list nil nil t)) (set-window-point window (point)))))

(defun holdfast-changes--same (one other)
  "Whether ONE and OTHER are the same file or hunk, wherever it is by now."
  (cl-every (lambda (key) (equal (plist-get one key) (plist-get other key))) '(:path :hunk)))

(defun holdfast-changes--find (condition &optional backward)
  "Go to the next part that meets CONDITION, BACKWARD the one before.
Return nil if there is none."
  (let ((step (if backward #'previous-single-property-change #'next-single-property-change))
        (at (point)) part)
    (while (and (setq at (funcall step at 'holdfast-part))
                (not (and (setq part (get-text-property at 'holdfast-part))
                          (funcall condition part)))))
    (when (and at part) (goto-char at))))

(defun holdfast-changes-next ()
  "Go to the next file or hunk."
  (interactive)
  (or (holdfast-changes--find #'identity) (user-error "This is the last one")))

(defun holdfast-changes-previous ()
  "Go to the file or hunk before."
  (interactive)
  (or (holdfast-changes--find #'identity t) (user-error "This is the first one")))

(defun holdfast-changes--look ()
  "Ask the server anew what the run changed, and show it."
  (let ((buffer (current-buffer)) (run holdfast-changes--run))
    (holdfast-request-soon
     holdfast-changes--server "run.changes"
     (append (and run (list :runId run)) '(:diffs t))
     (lambda (reply)
       (cond ((equal (plist-get reply :state) "error")
              (message "Holdfast: %s" (plist-get reply :message)))
             ((buffer-live-p buffer)
              (with-current-buffer buffer (holdfast-changes--fill reply))))))))

;;; Answers

(defun holdfast-changes--part ()
  "The file or hunk at point, a plist."
  (or (get-text-property (point) 'holdfast-part) (user-error "There is no file or hunk here")))

(defun holdfast-changes--answer (name part)
  "Ask the server for NAME of PART, and show what is left."
  (let ((buffer (current-buffer)) (hunk (plist-get part :hunk)) (path (plist-get part :path)))
    (holdfast-request-soon
     holdfast-changes--server name
     (append (list :runId holdfast-changes--run) (and path (list :path path))
             (and hunk (list :hunk hunk)))
     (lambda (reply)
       (message "Holdfast: %s" (plist-get reply :message))
       (when (buffer-live-p buffer) (with-current-buffer buffer (holdfast-changes--look)))))))

(defun holdfast-changes-undo ()
  "Take back the hunk at point, or the file if point is on its line."
  (interactive)
  (holdfast-changes--answer "run.undo" (holdfast-changes--part)))

(defun holdfast-changes-keep ()
  "Keep the hunk or file at point; give it back if it was taken back."
  (interactive)
  (holdfast-changes--answer "run.keep" (holdfast-changes--part)))

(defun holdfast-changes-undo-all ()
  "Take back all that the run changed."
  (interactive)
  (holdfast-changes--answer "run.undo" nil))

(defun holdfast-changes-keep-all ()
  "Keep all that the run changed; give it back if all was taken back."
  (interactive)
  (holdfast-changes--answer "run.keep" nil))

;;; Places

(defun holdfast-changes--text (part)
  "The buffer of the file that PART is in, as it is open, else as it is on disk."
  (let ((file (decode-coding-string
               (url-unhex-string (string-remove-prefix "file://" (plist-get part :uri))) 'utf-8)))
    (or (find-buffer-visiting file)
        (if (file-exists-p file) (find-file-noselect file)
          (user-error "%s is not there any more" file)))))

(defun holdfast-changes-visit ()
  "Go to the hunk at point in its file."
  (interactive)
  (let ((part (holdfast-changes--part)))
    (pop-to-buffer (holdfast-changes--text part))
    (goto-char (point-min))
    (forward-line (plist-get part :line))))

(defun holdfast-changes--to-compare (when path text)
  "A buffer that shows TEXT, that of PATH as it was or is at WHEN, a word."
  (with-current-buffer (get-buffer-create (format "*%s: %s*" when path))
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert (if (stringp text) text "")))
    (set-buffer-modified-p nil)
    (setq buffer-read-only t)
    (current-buffer)))

(defun holdfast-changes-compare ()
  "Compare the file at point with what taking all of it back would leave.
One that is not there any more is compared as an empty one."
  (interactive)
  (let* ((part (holdfast-changes--part)) (path (plist-get part :path)))
    (holdfast-request-soon
     holdfast-changes--server "run.changes" (list :runId holdfast-changes--run :path path)
     (lambda (reply)
       (let ((text (plist-get (seq-first (plist-get reply :files)) :text)))
         (ediff-buffers (holdfast-changes--to-compare "before" path text)
                        (condition-case nil (holdfast-changes--text part)
                          (user-error (holdfast-changes--to-compare "now" path "")))))))))

;;;###autoload
(defun holdfast-changes (&optional choose)
  "Review what the newest run changed; with a prefix argument CHOOSE, another one."
  (interactive "P")
  (let* ((server (or holdfast-changes--server (holdfast-server)))
         (runs (and choose
                    (mapcar (lambda (run) (cons (format "%s  %s" (plist-get run :title) (plist-get run :runId))
                                                (plist-get run :runId)))
                            (plist-get (holdfast-request "run.list") :runs))))
         (run (and runs (cdr (assoc (completing-read "Run: " runs nil t) runs)))))
    (pop-to-buffer holdfast-changes--buffer)
    (unless (derived-mode-p 'holdfast-changes-mode) (holdfast-changes-mode))
    (setq holdfast-changes--server server holdfast-changes--run run)
    (holdfast-changes--look)))

(provide 'holdfast-changes)
;;; holdfast-changes.el ends here
