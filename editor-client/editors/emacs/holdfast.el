;;; holdfast.el --- A coding agent for long tasks, through eglot or lsp-mode  -*- lexical-binding: t -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "27.1"))
;; License: MIT

;;; Commentary:

;; With eglot, which has one server for each buffer:
;;
;;   (require 'holdfast)
;;   (holdfast-eglot '(python-mode text-mode))    ; then M-x eglot
;;
;; With lsp-mode, beside the servers that are there:
;;
;;   (require 'holdfast)
;;   (holdfast-lsp-mode)                          ; then M-x lsp
;;
;; `holdfast-map' has the commands; the mode line shows goals and the run.

;;; Code:

(require 'cl-lib)
(require 'subr-x)

(defgroup holdfast nil "A coding agent for long tasks." :group 'tools)

(defcustom holdfast-command '("holdfast")
  "The program and its arguments."
  :type '(repeat string))

(defvar holdfast--status nil "The last `holdfast/status'.")

;; Without room for capabilities of our own they travel with the options.
(defconst holdfast--options '(:clientCapabilities (:holdfast (:status t))))

;;; The mode line

(defun holdfast-mode-line ()
  "Goals and the run, as in ` 2/5 goals · step 14 · $0.03'."
  (if (null holdfast--status) ""
    (let* ((goals (plist-get holdfast--status :goals))
           (state (plist-get holdfast--status :state))
           (active (member state '("running" "waiting")))
           (step (plist-get holdfast--status :step))
           (cost (plist-get holdfast--status :costUsd))
           (parts (delq nil
                        (list (and (> (or (plist-get goals :total) 0) 0)
                                   (format "%d/%d goals" (plist-get goals :met) (plist-get goals :total)))
                              (and (equal state "waiting")
                                   (propertize "waits for you" 'face 'warning))
                              (and (equal state "indexing") "indexing")
                              (and active step (format "step %d" step))
                              (and active cost (format "$%.2f" cost))))))
      (if parts (concat " " (string-join parts " · ")) ""))))

(defvar holdfast--segment '(:eval (holdfast-mode-line)))
(put 'holdfast--segment 'risky-local-variable t)

(defun holdfast--show-status (status)
  "Keep STATUS, a plist, for the mode line."
  (setq holdfast--status status)
  (force-mode-line-update t))

(defun holdfast--join-mode-line ()
  (unless (member 'holdfast--segment mode-line-misc-info)
    (setq-default mode-line-misc-info (append mode-line-misc-info '(holdfast--segment)))))

;;; eglot

(declare-function eglot-current-server "eglot")
(declare-function jsonrpc-request "jsonrpc")
(defvar eglot-server-programs)

(defun holdfast-eglot (modes)
  "Let eglot start Holdfast for the major MODES."
  (require 'eglot)
  (holdfast--join-mode-line)
  (cl-pushnew (cons modes (append holdfast-command
                                  (list :initializationOptions holdfast--options)))
              eglot-server-programs :test #'equal))

(with-eval-after-load 'eglot
  (cl-defmethod eglot-handle-notification (_server (_method (eql holdfast/status)) &rest status)
    (holdfast--show-status status)))

;;; lsp-mode

(declare-function lsp-register-client "lsp-mode")
(declare-function make-lsp-client "lsp-mode")
(declare-function lsp-stdio-connection "lsp-mode")
(declare-function lsp-find-workspace "lsp-mode")
(declare-function lsp-workspaces "lsp-mode")
(declare-function lsp--workspace-client "lsp-mode")
(declare-function lsp--client-server-id "lsp-mode")
(declare-function lsp-get "lsp-protocol")
(declare-function lsp-request "lsp-mode")
(defvar lsp-language-id-configuration)

(defun holdfast-lsp-mode ()
  "Let lsp-mode start Holdfast beside the servers of a buffer."
  (require 'lsp-mode)
  (holdfast--join-mode-line)
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection (lambda () holdfast-command))
                    :activation-fn (lambda (_file _mode) t)
                    :add-on? t
                    :server-id 'holdfast
                    ;; It counts characters; up to version 8 it does not say so.
                    :custom-capabilities '((general . ((positionEncodings . ["utf-32"]))))
                    :initialization-options (lambda () holdfast--options)
                    :notification-handlers
                    (let ((handlers (make-hash-table :test #'equal)))
                      (puthash "holdfast/status"
                               (lambda (_workspace status)
                                 (holdfast--show-status (holdfast--plist status)))
                               handlers)
                      handlers))))

(defun holdfast--plist (value)
  "VALUE of lsp-mode with plists, as eglot has them, in the place of hash tables."
  (cond ((hash-table-p value)
         (cl-loop for key being the hash-keys of value using (hash-values item)
                  append (list (intern (concat ":" key)) (holdfast--plist item))))
        ((vectorp value) (vconcat (mapcar #'holdfast--plist value)))
        (t value)))

;;; Commands

(defun holdfast-request (name &optional argument)
  "The reply of the server's command NAME with ARGUMENT, a plist."
  (let ((params (append (list :command (concat "holdfast." name))
                        (and argument (list :arguments (vector argument))))))
    (cond ((and (fboundp 'eglot-current-server) (eglot-current-server))
           (condition-case failure
               (jsonrpc-request (eglot-current-server) :workspace/executeCommand params :timeout 20)
             (jsonrpc-error
              (user-error "Holdfast: %s" (or (alist-get 'jsonrpc-error-message (cdr failure))
                                             (error-message-string failure))))))
          ((bound-and-true-p lsp-mode)
           (holdfast--plist (lsp-request "workspace/executeCommand" params)))
          (t (user-error "Holdfast runs in no server of this buffer; M-x eglot or M-x lsp")))))

(defun holdfast--tell (name &optional argument)
  (let ((reply (holdfast-request name argument)))
    (message "Holdfast: %s" (plist-get reply :message))
    reply))

(defun holdfast--here ()
  "The file of this buffer, and the lines that are selected in it."
  (when buffer-file-name
    (append
     (list :uri (concat "file://" (url-hexify-string (file-truename buffer-file-name)
                                                     url-path-allowed-chars)))
     (when (use-region-p)
       (list :range
             (list :start (list :line (1- (line-number-at-pos (region-beginning))) :character 0)
                   :end (list :line (line-number-at-pos (region-end)) :character 0)))))))

(defun holdfast-work (prompt)
  "Work on PROMPT, and on the region if there is one."
  (interactive "sTask: ")
  (holdfast--tell "run.start" (append (list :prompt prompt) (holdfast--here))))

(defun holdfast-work-on-goals ()
  "Work on the first goal that is open."
  (interactive)
  (holdfast--tell "run.start"))

(defun holdfast-propose (prompt samples)
  "Compare SAMPLES answers to PROMPT; nothing is changed."
  (interactive "sTask: \nnCandidates: ")
  (holdfast--tell "max.propose" (append (list :prompt prompt :samples samples) (holdfast--here))))

(defun holdfast-accept (candidate)
  "Carry out CANDIDATE, counted from 1, of the newest proposal."
  (interactive "nCandidate: ")
  (holdfast--tell "max.accept" (list :candidate candidate)))

(defun holdfast-stop () "Stop the newest run." (interactive) (holdfast--tell "run.stop"))
(defun holdfast-resume () "Go on with a run." (interactive) (holdfast--tell "run.resume"))
(defun holdfast-undo () "Take the newest run back." (interactive) (holdfast--tell "run.undo"))
(defun holdfast-list () "Tell the states of runs." (interactive) (holdfast--tell "run.list"))
(defun holdfast-status () "Tell what goes on." (interactive) (holdfast--tell "status"))
(defun holdfast-doctor () "Open a report." (interactive) (holdfast--tell "doctor"))
(defun holdfast-check () "Check all goals." (interactive) (holdfast--tell "goal.check" '(:all t)))

(defun holdfast-show ()
  "Open the transcript of the newest run."
  (interactive)
  (let ((uri (plist-get (holdfast-request "run.show") :uri)))
    (find-file (url-unhex-string (string-remove-prefix "file://" uri)))))

(defun holdfast-send (text)
  "Tell the run TEXT."
  (interactive "sTell it: ")
  (holdfast--tell "run.send" (list :text text)))

(defun holdfast-goal (title)
  "Add a goal with TITLE and open the goals file."
  (interactive "sWhat must hold: ")
  (holdfast--tell "goal.new" (list :title title)))

(defun holdfast-answer (answer)
  "Give ANSWER to the question that waits."
  (interactive (list (completing-read "Permission: " '("once" "always" "deny") nil t)))
  (if (string-empty-p answer)
      (message "Holdfast: nothing answered; the question waits on")
    (holdfast--tell "permission.answer" (list :answer answer))))

(defun holdfast-search (query)
  "List what the memory finds for QUERY."
  (interactive "sSearch: ")
  (let ((hits (plist-get (holdfast-request "memory.search" (list :query query)) :hits)))
    (with-current-buffer (get-buffer-create "*holdfast search*")
      (let ((inhibit-read-only t))
        (erase-buffer)
        (seq-doseq (hit hits)
          (let ((path (plist-get hit :path))
                (line (plist-get (plist-get (plist-get hit :range) :start) :line)))
            (insert (if path (format "%s:%d: " path (1+ (or line 0))) "")
                    (plist-get hit :title) "\n")))
        (grep-mode))
      (display-buffer (current-buffer)))))

(defvar holdfast-map
  (let ((map (make-sparse-keymap)))
    (pcase-dolist (`(,key . ,command)
                   '(("w" . holdfast-work) ("g" . holdfast-goal) ("G" . holdfast-work-on-goals)
                     ("c" . holdfast-check) ("p" . holdfast-propose) ("y" . holdfast-accept)
                     ("a" . holdfast-answer) ("s" . holdfast-stop) ("r" . holdfast-resume)
                     ("t" . holdfast-send) ("u" . holdfast-undo) ("v" . holdfast-show)
                     ("/" . holdfast-search) ("l" . holdfast-list) ("i" . holdfast-status) ("d" . holdfast-doctor)))
      (define-key map (kbd key) command))
    map)
  "Bind it to a prefix, as in (global-set-key (kbd \"C-c h\") holdfast-map).")

(provide 'holdfast)
;;; holdfast.el ends here
