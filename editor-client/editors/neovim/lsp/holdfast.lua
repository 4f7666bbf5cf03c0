-- For Neovim 0.11 and newer: `vim.lsp.enable('holdfast')` starts the server without `setup`.
return require('holdfast').config()
