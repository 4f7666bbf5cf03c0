-- What a run changed is listed, compared, and one hunk taken back and given back.
-- The assertions are in test_review_editors.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')

local function text() return table.concat(vim.fn.getline(1, '$'), '\n') end

it.play(function()
  it.start()
  vim.notify = function(message) table.insert(it.seen.messages, message) end
  vim.cmd('edit! poem.txt')
  it.wait('the server to know it', function() return vim.lsp.buf_is_attached(0, it.client.id) end)
  vim.cmd('Holdfast work Change three files.')
  it.wait('the end', function() return it.said('All three are changed') end)
  it.wait('the change', function() return text():find('THREE') and text():find('half') end)
  vim.cmd('Holdfast changes')
  it.wait('the list', function() return #vim.fn.getqflist() == 4 end)
  it.seen.listed = vim.tbl_map(function(item)
    return { vim.fn.fnamemodify(vim.fn.bufname(item.bufnr), ':t'), item.lnum, item.text }
  end, vim.fn.getqflist())
  vim.cmd('cclose')
  vim.cmd('buffer poem.txt')
  vim.cmd('Holdfast diff')
  it.wait('the diff', function() return #vim.api.nvim_list_wins() == 2 end)
  it.wait('the text before', function()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      local buffer = vim.api.nvim_win_get_buf(window)
      local lines = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n')
      if vim.bo[buffer].buftype == 'nofile' and lines:find('three') then
        it.seen.before = lines
        return vim.wo[window].diff
      end
    end
  end)
  vim.cmd('only')
  vim.cmd('diffoff')
  vim.api.nvim_win_set_cursor(0, { 3, 0 })
  vim.cmd('Holdfast undohunk')
  it.wait('the hunk to go', function() return not text():find('THREE') end)
  it.seen.undone = text()
  vim.cmd('Holdfast keephunk')
  it.wait('the hunk to come', function() return text():find('THREE') end)
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  vim.cmd('Holdfast undohunk')
  it.wait('a sentence', function() return it.said('changed nothing in this line') end)
  local file = vim.api.nvim_get_current_buf()
  local function poem()
    return table.concat(vim.api.nvim_buf_get_lines(file, 0, -1, false), '\n')
  end
  it.wait('the page', function()
    vim.cmd('Holdfast hunks') -- what was answered last may not be written down yet
    return vim.wait(500, function() return text():find('line 3, kept') end)
  end)
  vim.fn.search('^+THREE')
  it.seen.page = vim.fn.getline(2, '$')
  vim.api.nvim_feedkeys('U', 'xt', false)
  it.wait('the hunk to be taken back', function() return text():find('line 3, taken back') end)
  it.wait('the text without it', function() return not poem():find('THREE') end)
  vim.fn.search('^+++ made')
  vim.api.nvim_feedkeys('U', 'xt', false)
  it.wait('the file to be taken back', function() return text():find('made.txt[^\n]*taken back') end)
  it.seen.made = vim.loop.fs_stat('made.txt') ~= nil
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  vim.api.nvim_feedkeys('U', 'xt', false)
  it.wait('all to be taken back', function() return text():find('gone.txt[^\n]*taken back') end)
  it.wait('the text as before', function() return not poem():find('half') end)
  vim.api.nvim_feedkeys('K', 'xt', false)
  it.wait('all to come again', function() return poem():find('THREE') and poem():find('half') end)
  it.wait('no mark', function() return not text():find('taken back') end)
  vim.fn.search('^+six and a half')
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes('<CR>', true, false, true), 'xt', false)
  it.seen.visited = { vim.fn.expand('%:t'), vim.fn.line('.') }
end)
