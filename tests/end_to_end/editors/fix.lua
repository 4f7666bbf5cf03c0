-- What another server found is fixed. The assertions are in test_fixes.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')

it.play(function()
  local buffer = vim.api.nvim_get_current_buf()
  it.start()
  local linter = vim.lsp.start_client({ name = 'linter', cmd = vim.json.decode(vim.env.LINTER), root_dir = vim.fn.getcwd() })
  vim.lsp.buf_attach_client(buffer, linter)
  it.wait('the fault', function()
    return #vim.tbl_filter(function(found) return found.source == 'linter' end, vim.diagnostic.get(buffer)) > 0
  end)
  vim.api.nvim_win_set_cursor(0, { 2, 4 })
  it.act('Fix with Holdfast:')
  it.wait('the end', function() return it.said('Fixed.') end)
  it.seen.text = it.text(buffer)
end)
