;;; killed.el --- the server is killed in the middle of a run  -*- lexical-binding: t -*-
;; The assertions are in test_killed_servers.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'eglot) (require 'python)

;; What goes on by itself is said in a message of ours.
(advice-add 'message :before (lambda (text &rest more) (when text (push (apply #'format text more) told))))

(play
 (lambda ()
   (let ((server (start-eglot '(python-mode))))
     ;; eglot leaves a server alone that ends soon after it was started.
     (wait "the time after which eglot starts it again"
           (lambda () (not (eglot--inhibit-autoreconnect server))))
     (holdfast-work "Sleep.")
     (kill-server "first")
     (note 'offer (wait "the offer" (lambda () (said "was interrupted"))))
     (note 'again (if (eq server (eglot-current-server)) :json-false t))
     (holdfast-resume)
     (wait "the end" (lambda () (said "Slept.")))
     (stop-eglot (eglot-current-server)))))
