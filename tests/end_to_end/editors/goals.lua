-- Drives a headless Neovim (0.7 or newer) through the goals of a project, with stock handlers.
-- Writes what it saw as JSON to $RESULT; the assertions are in test_goal_editors.py.
local seen = { messages = {}, asked = {}, shown = {} }

local function wait(what, condition, milliseconds)
  if not vim.wait(milliseconds or 20000, condition, 20) then
    error('not in time: ' .. what .. ' ' .. vim.inspect(seen))
  end
end

local wanted = 'once'
vim.fn.inputlist = function(items)
  for _, item in ipairs(items) do
    local number = tostring(item):match('^(%d+)%. Approve once')
    if number then return tonumber(number) end
  end
  return 0
end
vim.ui.select = function(items, options, choose)
  for index, item in ipairs(items) do
    local shown = options.format_item and options.format_item(item)
      or (type(item) == 'table' and item.title or tostring(item))
    if shown:find(wanted, 1, true) then
      table.insert(seen.asked, shown)
      return choose(item, index)
    end
  end
  choose(nil, nil)
end

local function diagnostics(buffer)
  local found = {}
  for _, each in ipairs(vim.diagnostic.get(buffer)) do
    local line = vim.api.nvim_buf_get_lines(buffer, each.lnum, each.lnum + 1, false)[1]
    table.insert(found, { code = each.code, line = each.lnum, text = line:sub(each.col + 1, each.end_col), message = each.message })
  end
  table.sort(found, function(a, b) return a.line < b.line end)
  return found
end

local function drive()
  local goals = vim.api.nvim_get_current_buf()
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  capabilities.general = { positionEncodings = { vim.env.ENCODING } }
  local config = {
    name = 'holdfast',
    capabilities = capabilities,
    offset_encoding = vim.env.ENCODING,
    cmd = vim.json.decode(vim.env.SERVER),
    root_dir = vim.fn.getcwd(),
    workspace_folders = { { uri = vim.uri_from_fname(vim.fn.getcwd()), name = 'project' } },
    handlers = {
      ['window/showMessage'] = function(_, result) table.insert(seen.messages, result.message) end,
    },
  }
  local id
  if vim.lsp.start then
    id = vim.lsp.start(config, { bufnr = goals })
  else
    id = vim.lsp.start_client(config)
    vim.lsp.buf_attach_client(goals, id)
  end
  local client = vim.lsp.get_client_by_id(id)
  wait('the server', function() return client.initialized or client.server_capabilities end)
  seen.encoding = client.offset_encoding
  local function command(name, argument)
    local reply
    client.request('workspace/executeCommand', { command = name, arguments = argument and { argument } or nil },
      function(err, result) reply = { err, result } end, goals)
    wait(name, function() return reply end)
    assert(not reply[1], vim.inspect(reply[1]))
    return reply[2]
  end
  local function code_at(line)
    for _, each in ipairs(diagnostics(goals)) do
      if each.line == line then return each.code end
    end
  end
  local function text() return table.concat(vim.api.nvim_buf_get_lines(goals, 0, -1, false), '\n') end
  local function act(line, title)
    wanted = title
    vim.api.nvim_win_set_cursor(0, { line + 1, 0 })
    vim.lsp.buf.code_action()
    wait(title, function()
      return #seen.asked > 0 and seen.asked[#seen.asked]:find(title, 1, true) ~= nil
    end)
    wanted = 'once'
  end

  wait('diagnostics', function() return #diagnostics(goals) >= 3 end)
  seen.first = diagnostics(goals)

  -- Check now, and it is met.
  act(2, 'Check now')
  wait('met', function() return code_at(3) == nil end)
  wait('the tick', function() return text():find('- [x] 🙂🙂 the file', 1, true) end)
  seen.checked = text()

  -- Another file is saved, and it is stale.
  vim.cmd('silent write')
  for _, name in ipairs({ 'a.py', 'a.ts' }) do
    vim.cmd('silent edit ' .. name)
    local buffer = vim.api.nvim_get_current_buf()
    vim.lsp.buf_attach_client(buffer, id)
    wait('the comment in ' .. name, function() return #diagnostics(buffer) == 1 end)
    seen.shown[name] = diagnostics(buffer)[1]
    if name == 'a.py' then
      vim.api.nvim_buf_set_lines(buffer, -1, -1, false, { 'y = 1' })
      vim.cmd('silent write')
      wait('stale', function() return code_at(3) == 'goal-stale' end)
    end
  end
  vim.cmd('silent buffer ' .. goals)

  -- Work on the other goal from a code action until it is met.
  act(8, 'Work on this goal:') -- one line further down, below the evidence
  wait('the end', function() return code_at(9) == nil and text():find('- [x] it is written', 1, true) end)
  seen.worked = text()
  seen.status = command('holdfast.status')
  vim.cmd('silent! wall')

  if client.stop and vim.fn.has('nvim-0.11') == 1 then client:stop() else client.stop() end
  wait('the server to end', function() return vim.lsp.get_client_by_id(id) == nil end)
end

local ok, err = pcall(drive)
seen.error = not ok and tostring(err) or nil
local file = io.open(vim.env.RESULT, 'w')
file:write(vim.json.encode(seen))
file:close()
vim.cmd(ok and 'qall!' or 'cquit 1')
