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
(require 'eieio)
(require 'subr-x)
(require 'url-util)
(require 'holdfast-changes)
(require 'holdfast-chat)
(require 'holdfast-question)

(defgroup holdfast nil "A coding agent for long tasks." :group 'tools)

(defcustom holdfast-command '("holdfast")
  "The program and its arguments."
  :type '(repeat string))

;; Without room for capabilities of our own they travel with the options.
(defconst holdfast--options '(:clientCapabilities (:holdfast (:status t :event t :waitingQuestions t))))

;;; The mode line

(defvar holdfast--statuses (make-hash-table :test #'eq :weakness 'key)
  "The last `holdfast/status' of each server, a plist.")

(defun holdfast-mode-line ()
  "Goals and the run of this buffer's server, as in ` 2/5 goals · step 14 · $0.03'."
  (let* ((status (gethash (holdfast--server) holdfast--statuses))
         (line (or (plist-get status :line) "")))
    (cond ((string-empty-p line) "")
          ((equal (plist-get status :state) "waiting") (concat " " (propertize line 'face 'warning)))
          (t (concat " " line)))))

(defvar holdfast--last-server nil
  "The server that was spoken to last, for buffers that have none.")

(defvar holdfast--segment '(:eval (holdfast-mode-line)))
(put 'holdfast--segment 'risky-local-variable t)

(defun holdfast--server ()
  "The server of this buffer: of eglot, or Holdfast's own of lsp-mode."
  (or (and (fboundp 'eglot-current-server) (eglot-current-server))
      (and (bound-and-true-p lsp-mode)
           (cl-find-if (lambda (each)
                         (eq 'holdfast (lsp--client-server-id (lsp--workspace-client each))))
                       (lsp-workspaces)))))

(defun holdfast--keep-status (server status)
  "Keep STATUS of SERVER, a plist, for the mode line."
  (when (and (not (gethash server holdfast--statuses))
             (equal (plist-get status :outcome) "interrupted"))
    (message "Holdfast: “%s” was interrupted and nothing is lost; M-x holdfast-resume goes on with it"
             (plist-get status :title)))
  (puthash server status holdfast--statuses)
  (force-mode-line-update t))

(defun holdfast--join-mode-line ()
  "Show the status in every mode line."
  (unless (member 'holdfast--segment mode-line-misc-info)
    (setq-default mode-line-misc-info (append mode-line-misc-info '(holdfast--segment)))))

;;; eglot

(declare-function eglot-current-server "eglot")
(declare-function jsonrpc-request "jsonrpc")
(declare-function jsonrpc-async-request "jsonrpc")
(defvar query-about-changed-file)
(defvar lsp--cur-workspace)
(defvar eglot-server-programs)

;;;###autoload
(defun holdfast-eglot (modes)
  "Let eglot start Holdfast for the major MODES."
  (require 'eglot)
  (holdfast--join-mode-line)
  (cl-pushnew (cons modes (append holdfast-command
                                  (list :initializationOptions holdfast--options)))
              eglot-server-programs :test #'equal))

(with-eval-after-load 'eglot
  (cl-defmethod eglot-handle-notification (server (_method (eql holdfast/status)) &rest status)
    (holdfast--keep-status server status))
  (cl-defmethod eglot-handle-notification (server (_method (eql holdfast/questions)) &key questions
                                                  &allow-other-keys)
    (holdfast-question-update server questions))
  (cl-defmethod eglot-handle-notification (server (_method (eql holdfast/event)) &rest notice)
    (holdfast-chat-event server notice))
  ;; What a run wrote into a buffer is on disk as well while its commands work, for them to
  ;; see.  That is nothing to ask about in the middle of an edit.
  (cl-defmethod eglot-handle-request :around
    (server (_method (eql workspace/applyEdit)) &rest _)
    (let ((query-about-changed-file (and (not (gethash server holdfast--statuses))
                                         (bound-and-true-p query-about-changed-file))))
      (cl-call-next-method))))

;;; lsp-mode

(declare-function lsp-register-client "lsp-mode")
(declare-function make-lsp-client "lsp-mode")
(declare-function lsp-stdio-connection "lsp-mode")
(declare-function lsp-workspaces "lsp-mode")
(declare-function lsp--workspace-client "lsp-mode")
(declare-function lsp--client-server-id "lsp-mode")
(declare-function lsp-request "lsp-mode")
(declare-function lsp-request-async "lsp-mode")
(declare-function lsp--apply-workspace-edit "lsp-mode")
(declare-function lsp-get "lsp-protocol")

;;;###autoload
(defun holdfast-lsp-mode ()
  "Let lsp-mode start Holdfast beside the servers of a buffer."
  (require 'lsp-mode)
  (holdfast--join-mode-line)
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection (lambda () holdfast-command))
                    :activation-fn (lambda (_file _mode) t)
                    :add-on? t
                    :server-id 'holdfast
                    ;; It counts characters; up to version 8 it does not declare that.
                    :custom-capabilities '((general . ((positionEncodings . ["utf-32"]))))
                    :initialization-options (lambda () holdfast--options)
                    :request-handlers
                    (let ((handlers (make-hash-table :test #'equal)))
                      (puthash "workspace/applyEdit" #'holdfast--apply-edit handlers)
                      handlers)
                    :notification-handlers
                    (let ((handlers (make-hash-table :test #'equal)))
                      (puthash "holdfast/status"
                               (lambda (workspace status)
                                 (holdfast--keep-status workspace (holdfast--plist status)))
                               handlers)
                      (puthash "holdfast/event"
                               (lambda (workspace notice)
                                 (when (get-buffer "*holdfast chat*")
                                   (holdfast-chat-event workspace (holdfast--plist notice))))
                               handlers)
                      (puthash "holdfast/questions"
                               (lambda (workspace waiting)
                                 (holdfast-question-update
                                  workspace (plist-get (holdfast--plist waiting) :questions)))
                               handlers)
                      handlers))))

;; A file that a run changes may be on disk already; see above.
(defun holdfast--apply-edit (_workspace params)
  "Do the edit of PARAMS, and say whether that was possible."
  (let ((query-about-changed-file nil))
    (list :applied
          (condition-case failure
              (prog1 t (lsp--apply-workspace-edit (lsp-get params :edit) 'server-requested))
            (error (message "Holdfast: no edit: %s" (error-message-string failure))
                   :json-false)))))

(defun holdfast--plist (value)
  "VALUE of lsp-mode with plists, as eglot has them, in the place of hash tables."
  (cond ((hash-table-p value)
         (cl-loop for key being the hash-keys of value using (hash-values item)
                  append (list (intern (concat ":" key)) (holdfast--plist item))))
        ((vectorp value) (vconcat (mapcar #'holdfast--plist value)))
        (t value)))

;;; Commands

(defun holdfast-server ()
  "The server of this buffer, else the one that was spoken to last."
  (or (holdfast--server) holdfast--last-server
      (user-error "Holdfast runs in no server of this buffer; M-x eglot or M-x lsp")))

(defun holdfast-request (name &optional argument)
  "The reply of the server's command NAME with ARGUMENT, a plist."
  (holdfast-request-to (holdfast-server) name argument))

(defun holdfast--params (name argument)
  "What asks for the server's command NAME with ARGUMENT, a plist."
  (append (list :command (concat "holdfast." name))
          (and argument (list :arguments (vector argument)))))

(defun holdfast-request-to (server name &optional argument)
  "The reply of SERVER to its command NAME with ARGUMENT, a plist."
  (setq holdfast--last-server server)
  (let ((params (holdfast--params name argument)))
    (if (eieio-object-p server)         ; of eglot
        (condition-case failure
            (jsonrpc-request server :workspace/executeCommand params :timeout 20)
          (jsonrpc-error
           (user-error "Holdfast: %s" (or (alist-get 'jsonrpc-error-message (cdr failure))
                                          (error-message-string failure)))))
      (let ((lsp--cur-workspace server))
        (holdfast--plist (lsp-request "workspace/executeCommand" params))))))

(defun holdfast-request-soon (server name argument done)
  "Call DONE with the reply of SERVER to its command NAME with ARGUMENT, a plist.
Nothing waits for it: lsp-mode loses what comes together with a
reply that it waits for."
  (let ((params (holdfast--params name argument))
        (failed (lambda (failure) (message "Holdfast: %s" failure))))
    (if (eieio-object-p server)
        (jsonrpc-async-request server :workspace/executeCommand params
                               :success-fn done :error-fn failed)
      (let ((lsp--cur-workspace server))
        (lsp-request-async "workspace/executeCommand" params
                           (lambda (reply) (funcall done (holdfast--plist reply)))
                           :error-handler failed :mode 'detached)))))

(defun holdfast--run (name &optional argument)
  "Run the server's command NAME with ARGUMENT and show its message.
Return its reply, a plist."
  (let ((reply (holdfast-request name argument)))
    (message "Holdfast: %s" (plist-get reply :message))
    reply))

(defun holdfast--selection ()
  "The file of this buffer, and the lines that are selected in it."
  (when buffer-file-name
    (append
     (list :uri (concat "file://" (url-hexify-string (file-truename buffer-file-name)
                                                     url-path-allowed-chars)))
     (when (use-region-p)
       (list :range
             (list :start (list :line (1- (line-number-at-pos (region-beginning))) :character 0)
                   :end (list :line (line-number-at-pos (region-end)) :character 0)))))))

;;;###autoload
(defun holdfast-work (prompt)
  "Work on PROMPT, and on the region if there is one."
  (interactive "sTask: ")
  (holdfast--run "run.start" (append (list :prompt prompt) (holdfast--selection))))

;;;###autoload
(defun holdfast-attempts (prompt attempts)
  "Make so many ATTEMPTS at PROMPT in copies of the project, of which one is taken."
  (interactive (list (read-string "What should be done? ") (read-number "How many attempts? " 3)))
  (holdfast--run "run.start" (append (list :prompt prompt :attempts attempts) (holdfast--selection))))

;;;###autoload
(defun holdfast-work-on-goals ()
  "Work on the first goal that is open."
  (interactive)
  (holdfast--run "run.start"))

;;;###autoload
(defun holdfast-propose (prompt samples)
  "Compare SAMPLES answers to PROMPT; nothing is changed."
  (interactive "sTask: \nnCandidates: ")
  (holdfast--run "max.propose" (append (list :prompt prompt :samples samples) (holdfast--selection))))

;;;###autoload
(defun holdfast-accept (candidate)
  "Carry out CANDIDATE, counted from 1, of the newest proposal."
  (interactive "nCandidate: ")
  (holdfast--run "max.accept" (list :candidate candidate)))

;;;###autoload
(defun holdfast-stop ()
  "Stop the newest run."
  (interactive)
  (holdfast--run "run.stop"))

;;;###autoload
(defun holdfast-resume ()
  "Go on with a run that ended short of its task."
  (interactive)
  (holdfast--run "run.resume"))

;;;###autoload
(defun holdfast-undo ()
  "Take back what the newest run changed."
  (interactive)
  (holdfast--run "run.undo"))

;;;###autoload
(defun holdfast-rewind (step)
  "Take files and conversation of the newest run back to the end of STEP."
  (interactive "nStep: ")
  (holdfast--run "run.rewind" (list :step step)))

;;;###autoload
(defun holdfast-fork (step prompt)
  "Go on from STEP of the newest run as a new run, with PROMPT for it."
  (interactive "nStep: \nsWhat to do instead: ")
  (holdfast--run "run.fork" (list :step step :prompt prompt)))

;;;###autoload
(defun holdfast-list ()
  "Show the states of runs."
  (interactive)
  (holdfast--run "run.list"))

;;;###autoload
(defun holdfast-status ()
  "Show what goes on."
  (interactive)
  (holdfast--run "status"))

;;;###autoload
(defun holdfast-skills ()
  "List skills and custom commands; a task `/NAME' runs one."
  (interactive)
  (holdfast--run "skill.list"))

;;;###autoload
(defun holdfast-workflow (name)
  "Run the workflow NAME, or go on with it; list all if it is empty."
  (interactive "sWorkflow (empty: list them): ")
  (if (string-empty-p name)
      (holdfast--run "workflow.list")
    (holdfast--run "workflow.run" (list :name name))))

;;;###autoload
(defun holdfast-trust ()
  "Show what the project brings for the agent, and ask whether to trust it."
  (interactive)
  (holdfast--run "trust"))

;;;###autoload
(defun holdfast-dream (&optional model)
  "Learn from past runs what is true of the project.
With a prefix argument MODEL, ask a model, too."
  (interactive "P")
  (holdfast--run "evolve.dream" (if model (list :model t) nil)))

;;;###autoload
(defun holdfast-distill (&optional replay)
  "Draft skills from past runs.
With a prefix argument REPLAY, try them on past tasks."
  (interactive "P")
  (holdfast--run "evolve.distill" (if replay (list :replay t) nil)))

;;;###autoload
(defun holdfast-inbox ()
  "Show what past runs suggest; code actions on a heading accept or reject it."
  (interactive)
  (holdfast--run "evolve.status"))

;;;###autoload
(defun holdfast-restore-answer ()
  "Take back the last answer to what past runs suggest."
  (interactive)
  (holdfast--run "evolve.restore"))

;;;###autoload
(defun holdfast-doctor ()
  "Open a report."
  (interactive)
  (holdfast--run "doctor"))

;;;###autoload
(defun holdfast-check ()
  "Check all goals."
  (interactive)
  (holdfast--run "goal.check" '(:all t)))

;;;###autoload
(defun holdfast-show ()
  "Open the transcript of the newest run."
  (interactive)
  (let ((uri (plist-get (holdfast-request "run.show") :uri)))
    (find-file (url-unhex-string (string-remove-prefix "file://" uri)))))

;;;###autoload
(defun holdfast-send (text)
  "Say TEXT to the run."
  (interactive "sTell it: ")
  (holdfast--run "run.send" (list :text text)))

;;;###autoload
(defun holdfast-goal (title)
  "Add a goal with TITLE and open the goals file."
  (interactive "sWhat must hold: ")
  (holdfast--run "goal.new" (list :title title)))

;;;###autoload
(defun holdfast-answer (&optional answer reason)
  "Go to the question that waits, where a key answers; or give ANSWER to it.
With \"deny\", REASON is for the model to read."
  (interactive)
  (cond ((null answer) (holdfast-question-go))
        ((string-empty-p answer) (message "Holdfast: nothing answered; the question waits on"))
        (t (holdfast-question-give answer reason))))

;;;###autoload
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

;;;###autoload
(defvar holdfast-map
  (let ((map (make-sparse-keymap)))
    (pcase-dolist (`(,key . ,command)
                   '(("w" . holdfast-work) ("g" . holdfast-goal) ("G" . holdfast-work-on-goals)
                     ("h" . holdfast-chat) ("c" . holdfast-check) ("p" . holdfast-propose) ("y" . holdfast-accept)
                     ("a" . holdfast-answer) ("s" . holdfast-stop) ("r" . holdfast-resume)
                     ("t" . holdfast-send) ("u" . holdfast-undo) ("v" . holdfast-show) ("=" . holdfast-changes)
                     ("/" . holdfast-search) ("l" . holdfast-list) ("i" . holdfast-status) ("d" . holdfast-doctor)))
      (define-key map (kbd key) command))
    map)
  "Bind it to a prefix, as in (global-set-key (kbd \"C-c h\") holdfast-map).")

(provide 'holdfast)
;;; holdfast.el ends here
