-- Drives a headless Neovim (0.7 or newer) against the real server, with stock handlers;
-- only the questions that nobody can answer in a headless editor are answered here.
-- Writes what it saw as JSON to $RESULT; the assertions are in test_editors.py.
local seen = { progress = {}, asked = {}, messages = {} }

local function wait(what, condition, milliseconds)
  if not vim.wait(milliseconds or 20000, condition, 20) then
    error('not in time: ' .. what .. ' ' .. vim.inspect(seen))
  end
end

local function title(item)
  return type(item) == 'table' and (item.title or (item.action and item.action.title)) or tostring(item)
end

-- window/showMessageRequest up to 0.10.
vim.fn.inputlist = function(items)
  table.insert(seen.asked, table.concat(items, ' | '))
  for _, item in ipairs(items) do
    local number = tostring(item):match('^(%d+)%. Approve once')
    if number then return tonumber(number) end
  end
  return 0
end

-- Code actions, and message requests of newer versions.
local wanted = 'once'
vim.ui.select = function(items, options, choose)
  for index, item in ipairs(items) do
    local shown = options.format_item and options.format_item(item) or title(item)
    if shown:find(wanted, 1, true) then
      table.insert(seen.asked, shown)
      return choose(item, index)
    end
  end
  choose(nil, nil)
end

local function drive()
  local buffer = vim.api.nvim_get_current_buf()
  vim.bo[buffer].filetype = 'python'
  local stock = vim.lsp.handlers['$/progress']
  local config = {
    name = 'holdfast',
    cmd = vim.json.decode(vim.env.SERVER),
    root_dir = vim.fn.getcwd(),
    workspace_folders = { { uri = vim.uri_from_fname(vim.fn.getcwd()), name = 'project' } },
    handlers = {
      ['$/progress'] = function(err, result, context, more)
        table.insert(seen.progress, result.value.kind .. ': ' .. (result.value.message or ''))
        return stock(err, result, context, more)
      end,
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
  seen.encoding = client.offset_encoding

  local function request(method, parameters)
    local reply
    client.request(method, parameters, function(err, result) reply = { err, result } end, buffer)
    wait(method, function() return reply end)
    return reply[1], reply[2]
  end
  local function command(name, argument)
    local arguments = argument and { argument } or nil
    local err, result = request('workspace/executeCommand', { command = name, arguments = arguments })
    assert(not err, vim.inspect(err))
    return result
  end
  local function ended(count)
    local number = 0
    for _, line in ipairs(seen.progress) do
      if line:find('^end') then number = number + 1 end
    end
    return number >= count
  end

  -- A person has typed something that is not saved.
  vim.api.nvim_buf_set_lines(buffer, 0, 0, false, { '# typed 🙂 and not saved' })

  -- A run from a code action on a selection, as a person would take it.
  local last = vim.api.nvim_buf_line_count(buffer)
  wanted = 'Work on this'
  if vim.fn.has('nvim-0.8') == 1 then
    vim.lsp.buf.code_action({ range = { start = { 1, 0 }, ['end'] = { last, 0 } } })
  else
    vim.lsp.buf.range_code_action(nil, { 1, 0 }, { last, 0 })
  end
  wait('the prompt for permission', function() return #seen.asked > 1 end)
  wanted = 'once'
  wait('the edit in the buffer', function()
    return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n'):find('fixed = True', 1, true)
  end)
  wait('the end of the run', function() return ended(1) end)
  seen.lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
  seen.modified = vim.bo[buffer].modified

  -- A second run, stopped by a command.
  seen.started = command('holdfast.run.start', { prompt = 'Sleep.' })
  wait('the command that sleeps', function()
    return vim.fn.filereadable('sleeping') == 1
  end)
  local before = vim.loop.hrtime()
  seen.stopped = command('holdfast.run.stop')
  wait('the stop', function() return ended(2) end)
  seen.stop_seconds = (vim.loop.hrtime() - before) / 1e9
  seen.status = command('holdfast.status')

  if client.stop and vim.fn.has('nvim-0.11') == 1 then client:stop() else client.stop() end
  wait('the server to end', function() return vim.lsp.get_client_by_id(id) == nil end)
end

local ok, err = pcall(drive)
seen.error = not ok and tostring(err) or nil
local file = io.open(vim.env.RESULT, 'w')
file:write(vim.json.encode(seen))
file:close()
vim.cmd(ok and 'qall!' or 'cquit 1')
