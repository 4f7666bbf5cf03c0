-- A text of several lines in a window below, without the focus; `q` closes it.
local M = {}

local LINES_MAX = 12

local buffer

function M.show(text)
  -- Of a selection or an operator that has begun, another window would be the end.
  if not vim.fn.mode(1):find('^[ni]') or vim.fn.mode(1):find('^no') then return end
  local lines = vim.split(text, '\n')
  if not buffer or not vim.api.nvim_buf_is_valid(buffer) then
    buffer = vim.api.nvim_create_buf(false, true)
    vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buffer, silent = true })
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  if #vim.fn.win_findbuf(buffer) > 0 then return end
  local back = vim.api.nvim_get_current_win()
  -- At some moments Neovim opens no window; `:messages` has the line all the same.
  local opened = pcall(vim.cmd, ('noautocmd botright %dsplit'):format(math.min(#lines, LINES_MAX)))
  if not opened then return end
  vim.api.nvim_win_set_buf(0, buffer)
  vim.wo.winfixheight = true
  vim.api.nvim_set_current_win(back)
end

return M
