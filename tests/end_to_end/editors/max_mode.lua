-- Drives a headless Neovim (0.7 or newer) through a proposal, with stock handlers:
-- propose, read the comparison, accept the second candidate from a code action, undo.
-- Writes what it saw as JSON to $RESULT; the assertions are in test_max_mode_editors.py.
local seen = { messages = {}, offered = {} }

local function wait(what, condition, milliseconds)
  if not vim.wait(milliseconds or 20000, condition, 20) then
    error('not in time: ' .. what .. ' ' .. vim.inspect(seen))
  end
end

vim.ui.select = function(items, options, choose)
  local second
  for index, item in ipairs(items) do
    local shown = options.format_item and options.format_item(item)
      or (type(item) == 'table' and item.title or tostring(item))
    table.insert(seen.offered, shown)
    if shown:find('Accept 2', 1, true) then second = { item, index } end
  end
  if second then choose(second[1], second[2]) else choose(nil, nil) end
end

local function said(text)
  for _, message in ipairs(seen.messages) do
    if message:find(text, 1, true) then return message end
  end
end

local function drive()
  local buffer = vim.api.nvim_get_current_buf()
  local config = {
    name = 'holdfast',
    cmd = vim.json.decode(vim.env.SERVER),
    root_dir = vim.fn.getcwd(),
    workspace_folders = { { uri = vim.uri_from_fname(vim.fn.getcwd()), name = 'project' } },
    handlers = {
      ['window/showMessage'] = function(_, result) table.insert(seen.messages, result.message) end,
    },
  }
  local id
  if vim.lsp.start then
    id = vim.lsp.start(config, { bufnr = buffer })
  else
    id = vim.lsp.start_client(config)
    vim.lsp.buf_attach_client(buffer, id)
  end
  local client = vim.lsp.get_client_by_id(id)
  wait('the server', function() return client.initialized or client.server_capabilities end)
  local function command(name, argument)
    local reply
    client.request('workspace/executeCommand', { command = name, arguments = argument and { argument } or nil },
      function(err, result) reply = { err, result } end, buffer)
    wait(name, function() return reply end)
    assert(not reply[1], vim.inspect(reply[1]))
    return reply[2]
  end
  local function text() return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n') end
  local function page()
    for _, each in ipairs(vim.api.nvim_list_bufs()) do
      if vim.api.nvim_buf_get_name(each):find('proposals.md', 1, true) then return each end
    end
  end

  command('holdfast.status')
  local proposal = command('holdfast.max.propose', { prompt = 'Make it new.', uri = vim.uri_from_bufnr(buffer), samples = 3 })
  seen.state = proposal.state
  -- Where the editor cannot be told to open a document, a message names it.
  wait('the comparison', function() return page() or said('proposals.md') end)
  local shown = page()
  local message = said('proposals.md')
  local path = shown and vim.api.nvim_buf_get_name(shown) or vim.uri_to_fname(message:match('file://%S+'))
  seen.comparison = table.concat(vim.fn.readfile(path), '\n')
  seen.before = text()

  vim.cmd('buffer ' .. buffer)
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  vim.lsp.buf.code_action()
  wait('the edit', function() return text():find('the new 1 text', 1, true) end)
  seen.accepted = text()
  wait('the end', function() return said('edited a.txt') end)
  vim.cmd('silent write')
  command('holdfast.run.undo', { runId = proposal.runId })
  wait('the undo', function() return text() == seen.before end)
  seen.undone = text()
  vim.cmd('silent write')

  if client.stop and vim.fn.has('nvim-0.11') == 1 then client:stop() else client.stop() end
  wait('the server to end', function() return vim.lsp.get_client_by_id(id) == nil end)
end

local ok, err = pcall(drive)
seen.error = not ok and tostring(err) or nil
local file = io.open(vim.env.RESULT, 'w')
file:write(vim.json.encode(seen))
file:close()
vim.cmd(ok and 'qall!' or 'cquit 1')
