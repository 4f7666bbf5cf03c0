;;; killed.lsp-mode.el --- the server is killed in the middle of a run  -*- lexical-binding: t -*-
;; The assertions are in test_killed_servers.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'lsp-mode) (require 'python)

;; What goes on by itself is said in a message of ours.
(advice-add 'message :before (lambda (text &rest more) (when text (push (apply #'format text more) told))))

(play
 (lambda ()
   (start-lsp-mode)
   (setq lsp-restart 'interactive)      ; as it comes: it asks
   (let ((before (car (lsp-workspaces))))
     (holdfast-work "Sleep.")
     (kill-server "first")
     (note 'offer (wait "the offer" (lambda () (said "was interrupted"))))
     (note 'again (if (eq before (car (lsp-workspaces))) :json-false t)))
   (holdfast-resume)
   (wait "the end" (lambda () (said "Slept.")))
   (stop-lsp-mode)))
