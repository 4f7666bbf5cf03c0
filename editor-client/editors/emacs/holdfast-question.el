;;; holdfast-question.el --- The questions of runs, in a window that takes no keys by itself  -*- lexical-binding: t -*-

;; License: MIT

;;; Commentary:

;; The server sends the list of all questions that wait.  The oldest is shown in a side
;; window that is never selected, so that what a person types goes where they type it.
;; `holdfast-answer' goes there, and the keys of the window answer.

;;; Code:

(require 'subr-x)
(require 'cl-lib)

(declare-function holdfast-request-soon "holdfast")

(defvar holdfast-question--waiting nil
  "The questions that wait at each server: an alist, oldest question first.")

(defvar holdfast-question--shown nil
  "The question in the window: a server, and the question as a plist.")

(defconst holdfast-question--keys
  '(("once" . "y") ("run" . "r") ("always" . "a") ("everywhere" . "e")
    ("sandboxed" . "s") ("deny" . "d")))

(defconst holdfast-question--buffer "*holdfast question*")

(defvar holdfast-question-mode-map
  (let ((map (make-sparse-keymap)))
    (pcase-dolist (`(,answer . ,key) holdfast-question--keys)
      (define-key map key (lambda () (interactive) (holdfast-question-give answer))))
    (define-key map "D" #'holdfast-question-deny)
    map)
  "Keys that answer the question in the window.")

(define-derived-mode holdfast-question-mode special-mode "Holdfast?"
  "A question of a run; its keys are listed with the answers that it offers."
  (setq-local cursor-type nil)
  (visual-line-mode))

(defun holdfast-question-update (server questions)
  "Take QUESTIONS, a sequence of plists, as all that wait at SERVER."
  (setf (alist-get server holdfast-question--waiting nil t) (append questions nil))
  (unless (member (cadr holdfast-question--shown)
                  (alist-get (car holdfast-question--shown) holdfast-question--waiting))
    (holdfast-question--show (holdfast-question--next))))

(defun holdfast-question--next ()
  "The first question that waits at a server that lives, nil if there is none."
  (cl-loop for (server . questions) in holdfast-question--waiting
           when questions return (list server (car questions))))

(defun holdfast-question--show (next)
  "Show NEXT, a server and its question, without selecting it; nil shows none."
  (setq holdfast-question--shown next)
  (if next
      (progn (holdfast-question--fill (cadr next))
             (holdfast-question--display))
    (when-let ((window (get-buffer-window holdfast-question--buffer t)))
      (quit-window nil window))))

(defun holdfast-question--fill (question)
  "Write QUESTION with its answers and the exact operation into its buffer."
  (with-current-buffer (get-buffer-create holdfast-question--buffer)
    (let ((inhibit-read-only t)
          (detail (or (plist-get question :detail) "")))
      (erase-buffer)
      (holdfast-question-mode)
      (insert (propertize (plist-get question :title) 'face 'bold) "\n\n")
      (seq-doseq (choice (plist-get question :choices))
        (when-let ((key (cdr (assoc (plist-get choice :answer) holdfast-question--keys))))
          (insert (format "  %s  %s\n" key (plist-get choice :title)))))
      (insert "  D  Deny and say why\n  M-x holdfast-answer comes here, q closes it\n")
      (unless (string-match-p (regexp-quote detail) (plist-get question :title))
        (insert "\n" (if (equal (plist-get question :language) "diff")
                         (holdfast-question--colored detail)
                       detail)
                "\n"))
      (goto-char (point-min)))))

(defun holdfast-question--colored (diff)
  "DIFF with the faces of `diff-mode'."
  (mapconcat (lambda (line)
               (propertize line 'face (pcase (and (> (length line) 0) (aref line 0))
                                        (?+ 'success) (?- 'error) (?@ 'shadow))))
             (split-string diff "\n") "\n"))

(defun holdfast-question--display ()
  "Show the question below, without selecting its window; return the window."
  (display-buffer
   (get-buffer holdfast-question--buffer)
   '(display-buffer-in-side-window
     (side . bottom) (slot . 1)
     (window-height . (lambda (window) (fit-window-to-buffer window (/ (frame-height) 2))))
     (window-parameters . ((no-delete-other-windows . t))))))

(defun holdfast-question-go ()
  "Go to the question that waits."
  (unless holdfast-question--shown (user-error "Holdfast asks nothing"))
  (select-window (holdfast-question--display)))

(defun holdfast-question-give (answer &optional reason)
  "Give ANSWER to the question in the window; REASON says why not."
  (pcase-let ((`(,server ,question) (or holdfast-question--shown (user-error "Holdfast asks nothing"))))
    (unless (cl-find answer (plist-get question :choices)
                     :key (lambda (choice) (plist-get choice :answer)) :test #'equal)
      (user-error "This question does not offer that"))
    (when-let ((window (get-buffer-window holdfast-question--buffer)))
      (quit-window nil window))
    (holdfast-question-update server (remove question (alist-get server holdfast-question--waiting)))
    (holdfast-request-soon
     server "permission.answer"
     (list :id (plist-get question :id) :answer answer :reason (or reason ""))
     (lambda (reply) (message "Holdfast: %s" (plist-get reply :message))))))

(defun holdfast-question-deny (reason)
  "Deny the question in the window; the model reads REASON."
  (interactive "sWhy not? The model reads it: ")
  (holdfast-question-give "deny" reason))

(provide 'holdfast-question)
;;; holdfast-question.el ends here
