;;; holdfast-chat.el --- A run as a conversation that follows it, and room to write to it  -*- lexical-binding: t -*-

;; License: MIT

;;; Commentary:

;; `holdfast-chat' shows the newest run from its beginning on and follows it.  Nothing in
;; the buffer can be edited; \\`w' opens room to write, and \\`C-c C-c' there sends: to the
;; run, at work or ended, or as the task of a new one.

;;; Code:

(require 'subr-x)
(require 'cl-lib)
(require 'seq)

(declare-function holdfast-request-soon "holdfast")
(declare-function holdfast-request-to "holdfast")
(declare-function holdfast-server "holdfast")
(declare-function holdfast-mode-line "holdfast")

(defconst holdfast-chat--buffer "*holdfast chat*")
(defconst holdfast-chat--silent '("plan" "finish") "Tools that Events of their own tell of.")
(defconst holdfast-chat--unsaid
  '("step_started" "step_finished" "cycle_started" "cycle_packed" "run_resumed")
  "Events that say nothing which another one does not.")

(defvar holdfast-chat--server nil "The server of the run that is shown.")
(defvar holdfast-chat--run nil "The id of the run that is shown, nil before there is one.")
(defvar holdfast-chat--seen -1 "The number of its last Event that is shown.")
(defvar holdfast-chat--open nil "Whether it is at work.")
(defvar holdfast-chat--speaker nil "Who said something last.")
(defvar holdfast-chat--said nil "What was said last.")
(defvar holdfast-chat--calls nil "An alist of calls that are at work and their places.")
(defvar holdfast-chat--pieces nil "What was streamed of the next answer: channel, place and text.")
(defvar holdfast-chat--received nil "What a person said and the run has not read yet.")

;;; The buffer

(defvar holdfast-chat-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map "w" #'holdfast-chat-write)
    (define-key map "\t" #'holdfast-chat-toggle)
    (define-key map "g" #'holdfast-chat)
    map))

(defvar holdfast-chat--keywords
  '(("^## .*" . 'font-lock-function-name-face)
    ("\\*\\*\\([^*\n]+\\)\\*\\*" . 'bold)
    ("`[^`\n]+`" . 'font-lock-constant-face)
    ("^```[^`]*\n```" . 'fixed-pitch)
    ("^- ✗.*" . 'error)
    ("^- \\?.*" . 'warning)))

(define-derived-mode holdfast-chat-mode special-mode "Holdfast"
  "A conversation with a run.
\\{holdfast-chat-mode-map}"
  (setq-local font-lock-defaults '(holdfast-chat--keywords t))
  (setq-local mode-line-process '(:eval (holdfast-mode-line)))
  (setq-local window-point-insertion-type t)
  (setq-local scroll-conservatively 101) ; the end stays at the bottom
  (add-to-invisibility-spec '(holdfast . t))
  (visual-line-mode))

(defun holdfast-chat-toggle ()
  "Show or hide what stands behind the line at point."
  (interactive)
  (let* ((inhibit-read-only t)
         (from (line-end-position))
         (place (get-text-property (min from (1- (point-max))) 'holdfast-more))
         (to (if place (next-single-property-change from 'holdfast-more nil (point-max)) from)))
    (unless place (user-error "Nothing is hidden here"))
    (put-text-property from to 'invisible
                       (if (get-text-property from 'invisible) nil 'holdfast))))

(defun holdfast-chat--put (text &optional place)
  "Write TEXT at the end, or at PLACE, a pair of markers; return its place."
  (with-current-buffer holdfast-chat--buffer
    (let* ((inhibit-read-only t)
           (windows (seq-filter (lambda (window) (= (window-point window) (point-max)))
                                (get-buffer-window-list nil nil t))))
      (save-excursion
        (if place (delete-region (car place) (cdr place)) (goto-char (point-max)))
        (when place (goto-char (car place)))
        (let ((from (point)))
          (insert text)
          (if place
              (set-marker (cdr place) (point))
            (setq place (cons (copy-marker from) (copy-marker (point)))))
          (set-marker (car place) from)))
      (dolist (window windows) (set-window-point window (point-max)))
      place)))

(defun holdfast-chat--say (speaker text)
  "Write TEXT of SPEAKER; return its place."
  (unless (equal speaker holdfast-chat--speaker)
    (setq holdfast-chat--speaker speaker)
    (holdfast-chat--put (format "\n## %s\n\n" speaker)))
  (setq holdfast-chat--said text)
  (holdfast-chat--put (concat (string-trim text) "\n\n")))

(defun holdfast-chat--item (label &optional detail)
  "A line with LABEL, behind which DETAIL is hidden."
  (let ((more (string-trim-right (or detail ""))))
    (concat "- " label
            (unless (string-empty-p more)
              (propertize (concat "\n" (replace-regexp-in-string "^" "    " more))
                          'holdfast-more t 'invisible 'holdfast))
            "\n")))

;;; Events

(defun holdfast-chat--stream (event)
  "Show a piece of an answer, which EVENT has."
  (let* ((channel (plist-get event :channel))
         (text (plist-get event :text))
         (piece (car holdfast-chat--pieces)))
    (unless (equal channel "tool")
      (unless (equal channel (nth 0 piece))
        (setq piece (list channel (if (equal channel "text") (holdfast-chat--say "Holdfast" "")
                                    (holdfast-chat--put ""))
                          ""))
        (push piece holdfast-chat--pieces))
      (setf (nth 2 piece) (concat (nth 2 piece) text))
      (holdfast-chat--put (if (equal channel "text") (concat (string-trim (nth 2 piece)) "\n\n")
                            (holdfast-chat--item "… thinks" (nth 2 piece)))
                          (nth 1 piece)))))

(defun holdfast-chat--drop-pieces ()
  "Take away what was streamed, as the whole answer is there."
  (dolist (piece holdfast-chat--pieces) (holdfast-chat--put "" (nth 1 piece)))
  (setq holdfast-chat--pieces nil))

(defun holdfast-chat--answer (message)
  "Show the whole answer MESSAGE."
  (holdfast-chat--drop-pieces)
  (let ((reasoning (or (plist-get message :reasoning) "")) (text (or (plist-get message :text) "")))
    (unless (string-empty-p reasoning)
      (holdfast-chat--put (holdfast-chat--item "thought" reasoning)))
    (unless (string-empty-p text) (holdfast-chat--say "Holdfast" text))))

(defun holdfast-chat--called (event label)
  "Show a call, which EVENT has, with its LABEL."
  (let ((call (plist-get event :call)))
    (unless (member (plist-get call :name) holdfast-chat--silent)
      (push (list (plist-get call :id) (holdfast-chat--put (holdfast-chat--item (concat "▸ " label)))
                  label)
            holdfast-chat--calls))))

(defun holdfast-chat--returned (event view)
  "Show in the place of a call what came of it: its EVENT and VIEW."
  (pcase-let ((`(,_ ,place ,label) (assoc (plist-get event :callId) holdfast-chat--calls)))
    (unless (member (plist-get event :tool) holdfast-chat--silent)
      (holdfast-chat--put
       (holdfast-chat--item (concat (if (equal (plist-get view :tone) "bad") "✗ " "✓ ")
                                    (or label (plist-get view :label)))
                            (plist-get view :detail))
       place))))

(defun holdfast-chat--plan (items depth)
  "The lines of ITEMS of a plan that are DEPTH deep."
  (mapconcat
   (lambda (item)
     (format "%s- [%s] %s\n%s" (make-string (* 2 depth) ?\s)
             (pcase (plist-get item :status) ("done" "x") ("in_progress" ">") ("dropped" "-") (_ " "))
             (plist-get item :text)
             (holdfast-chat--plan (plist-get item :items) (1+ depth))))
   items ""))

(defun holdfast-chat--end (event view)
  "Show how the run ended, with its EVENT and VIEW."
  (holdfast-chat--drop-pieces)
  (let* ((outcome (plist-get event :outcome))
         (text (or (plist-get outcome :summary) (plist-get outcome :question)
                   (plist-get outcome :reason) (plist-get outcome :error) "")))
    (unless (member text (list "" holdfast-chat--said)) (holdfast-chat--say "Holdfast" text))
    (holdfast-chat--put
     (holdfast-chat--item (format "%s · %d steps" (plist-get outcome :outcome) (plist-get event :steps))
                          (plist-get view :detail)))
    (setq holdfast-chat--open nil holdfast-chat--speaker nil)))

(defun holdfast-chat--show (event view)
  "Show EVENT, whose words are VIEW."
  (let ((label (plist-get view :label)))
    (pcase (plist-get event :kind)
      ("run_started" (setq holdfast-chat--open t)
       (holdfast-chat--say "You" (plist-get (plist-get event :task) :instruction)))
      ("message_received" (push (plist-get event :text) holdfast-chat--received)
       (setq holdfast-chat--open t)
       (holdfast-chat--say "You" (plist-get event :text)))
      ("told" (let ((text (plist-get event :text)))
                (when (and (equal (plist-get event :origin) "person")
                           (not (member text holdfast-chat--received)))
                  (holdfast-chat--say "You" text))
                (setq holdfast-chat--received (remove text holdfast-chat--received))))
      ("streamed" (holdfast-chat--stream event))
      ("model_answered" (holdfast-chat--answer (plist-get event :message)))
      ("tool_called" (holdfast-chat--called event label))
      ("tool_returned" (holdfast-chat--returned event view))
      ("plan_changed"
       (holdfast-chat--put (format "\n**Plan**\n\n%s\n" (holdfast-chat--plan (plist-get event :items) 0))))
      ("run_ended" (holdfast-chat--end event view))
      ((pred (lambda (kind) (member kind holdfast-chat--unsaid))))
      (_ (unless (or (string-empty-p label) (equal (plist-get view :tone) "muted"))
           (holdfast-chat--put (holdfast-chat--item label (plist-get view :detail))))))))

(defun holdfast-chat--take (notice)
  "Show NOTICE, an Event of the run as `holdfast/event' has it, unless it is shown."
  (let* ((event (plist-get notice :event)) (number (plist-get notice :seq))
         (streamed (equal (plist-get event :kind) "streamed")))
    (when (and (> number holdfast-chat--seen) (not (plist-get notice :parentId)))
      (unless streamed (setq holdfast-chat--seen number))
      (holdfast-chat--show event (plist-get notice :view)))))

(defun holdfast-chat-event (server notice)
  "Take NOTICE of SERVER, an Event of any run."
  (when (get-buffer holdfast-chat--buffer)
    (let ((run (plist-get notice :runId)))
      ;; A run that begins elsewhere is followed where nothing else is going on here.
      (when (and (equal (plist-get (plist-get notice :event) :kind) "run_started")
                 (not (plist-get notice :parentId))
                 (not holdfast-chat--open) (not (equal run holdfast-chat--run)))
        (holdfast-chat--begin server run))
      (when (equal run holdfast-chat--run) (holdfast-chat--take notice)))))

;;; Runs

(defun holdfast-chat--begin (server run)
  "Show RUN of SERVER from its beginning on, nil for one that is yet to begin."
  (with-current-buffer (get-buffer-create holdfast-chat--buffer)
    (unless (derived-mode-p 'holdfast-chat-mode) (holdfast-chat-mode))
    (let ((inhibit-read-only t)) (erase-buffer)))
  (setq holdfast-chat--server server holdfast-chat--run run holdfast-chat--seen -1
        holdfast-chat--open nil holdfast-chat--speaker nil holdfast-chat--said nil
        holdfast-chat--calls nil holdfast-chat--pieces nil holdfast-chat--received nil)
  (when run (holdfast-chat--read server run -1)))

(defun holdfast-chat--read (server run after)
  "Show the Events of RUN of SERVER that come AFTER, page by page."
  (holdfast-request-soon
   server "run.events" (list :runId run :after after)
   (lambda (page)
     (when (equal run holdfast-chat--run)
       (seq-do #'holdfast-chat--take (plist-get page :events))
       (when (eq t (plist-get page :hasMore))
         (holdfast-chat--read server run (plist-get page :after)))))))

;;;###autoload
(defun holdfast-chat (&optional new)
  "Show the newest run as a conversation and follow it.
With a prefix argument NEW, begin another one."
  (interactive "P")
  (let* ((server (if (and holdfast-chat--server (derived-mode-p 'holdfast-chat-mode))
                     holdfast-chat--server
                   (holdfast-server)))
         (run (unless new (plist-get (holdfast-request-to server "status") :runId))))
    (unless (and (not new) run (equal run holdfast-chat--run) (get-buffer holdfast-chat--buffer))
      (holdfast-chat--begin server run))
    (pop-to-buffer holdfast-chat--buffer)
    (goto-char (point-max))))

(defvar holdfast-chat-message-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'holdfast-chat-send)
    (define-key map (kbd "C-c C-k") #'quit-window)
    map))

(define-derived-mode holdfast-chat-message-mode text-mode "Message"
  "Room to write to a run: \\<holdfast-chat-message-mode-map>\\[holdfast-chat-send] sends it."
  (setq header-line-format "Write to the run; C-c C-c sends, C-c C-k keeps it for later"))

(defun holdfast-chat-write ()
  "Write to the run that is shown, or the task of a new one."
  (interactive)
  (pop-to-buffer "*holdfast message*" '(display-buffer-below-selected (window-height . 8)))
  (unless (derived-mode-p 'holdfast-chat-message-mode) (holdfast-chat-message-mode)))

(defun holdfast-chat-send ()
  "Send what is written."
  (interactive)
  (let ((text (string-trim (buffer-string))) (run holdfast-chat--run) (buffer (current-buffer)))
    (when (string-empty-p text) (user-error "Write something first"))
    (holdfast-request-soon
     holdfast-chat--server (if run "run.send" "run.start") (if run (list :runId run :text text) (list :prompt text))
     (lambda (reply)
       (if (equal (plist-get reply :state) "error")
           (message "Holdfast: %s" (plist-get reply :message)) ; what is written stays
         (when (buffer-live-p buffer) (with-current-buffer buffer (erase-buffer)))
         (unless (equal (plist-get reply :runId) holdfast-chat--run)
           (holdfast-chat--begin holdfast-chat--server (plist-get reply :runId))))))
    (quit-window)))

(provide 'holdfast-chat)
;;; holdfast-chat.el ends here
