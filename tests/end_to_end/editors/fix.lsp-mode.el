;;; fix.lsp-mode.el --- what another server found is fixed  -*- lexical-binding: t -*-
;; The assertions are in test_fixes.py.
(load (expand-file-name "prelude.el" (getenv "EDITORS")) nil t)
(require 'lsp-mode) (require 'python)

(play
 (lambda ()
   (lsp-register-client
    (make-lsp-client :new-connection (lsp-stdio-connection
                                      (lambda () (json-parse-string (getenv "LINTER") :array-type 'list)))
                     :activation-fn (lambda (_file _mode) t)
                     :server-id 'linter))
   (start-lsp-mode)
   (wait "both servers" (lambda () (and (cdr (lsp-workspaces))
                                        (cl-every (lambda (each) (eq 'initialized (lsp--workspace-status each)))
                                                  (lsp-workspaces)))))
   (wait "the fault" (lambda () (cl-some (lambda (each)
                                           (and (eq 'linter (lsp--client-server-id (lsp--workspace-client each)))
                                                (gethash (lsp--fix-path-casing buffer-file-name)
                                                         (lsp--workspace-diagnostics each))))
                                         (lsp-workspaces))))
   (forward-line 1)
   (forward-char 5)
   (let ((wanted "Fix with Holdfast:")) (call-interactively #'lsp-execute-code-action))
   (wait "the end" (lambda () (said "Fixed.")))
   (note 'text (buffer-string))
   (stop-lsp-mode)))
