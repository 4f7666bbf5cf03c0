-- Holdfast for Neovim 0.7 and newer: starts the server, `:Holdfast`, a statusline component.
--
--   require('holdfast').setup()
--   vim.o.statusline = '%f %m%=%{v:lua.require("holdfast").status()}'
--
-- Everything goes through the language server; nothing here thinks.
local M = {}

local statuses = {} -- the last `holdfast/status` of each client, by its id

local defaults = {
  name = 'holdfast',
  cmd = { 'holdfast' },
  root_markers = { '.holdfast', '.git' },
}

local function told(message, level)
  vim.notify('Holdfast: ' .. message, level or vim.log.levels.INFO)
end

-- What all language servers but ours show in a buffer, for the agent to read.
local function findings(buffer)
  local found = {}
  for _, each in ipairs(vim.diagnostic.get(buffer)) do
    if each.source ~= 'holdfast' then
      table.insert(found, {
        range = {
          start = { line = each.lnum, character = each.col },
          ['end'] = { line = each.end_lnum or each.lnum, character = each.end_col or each.col },
        },
        message = each.message,
        severity = each.severity,
        source = each.source or '',
      })
    end
  end
  return found
end

local handlers = {
  ['holdfast/status'] = function(_, status, context)
    statuses[context.client_id] = status
    vim.cmd('redrawstatus!')
  end,
  ['holdfast/diagnostics'] = function(_, request)
    local items = {}
    for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
      local uri = vim.api.nvim_buf_is_loaded(buffer) and vim.uri_from_bufnr(buffer)
      if uri and (not request.uri or request.uri == vim.NIL or request.uri == uri) then
        table.insert(items, { uri = uri, diagnostics = findings(buffer) })
      end
    end
    return { items = items }
  end,
}

-- Neovim 0.10 and newer tell a server of its own problems alone when they ask it for code
-- actions; this one mends those of others.
local function tell_all_findings(client)
  local request = client.request
  client.request = function(...)
    local arguments = { ... }
    local at = arguments[1] == client and 2 or 1 -- a method since 0.11
    local method, params = arguments[at], arguments[at + 1]
    if method == 'textDocument/codeAction' then
      for _, each in ipairs(findings(vim.uri_to_bufnr(params.textDocument.uri))) do
        local first, last = each.range.start.line, each.range['end'].line
        if first <= params.range['end'].line and last >= params.range.start.line then
          table.insert(params.context.diagnostics, each)
        end
      end
    end
    return request(...)
  end
end

local started = {} -- clients of Neovim 0.7 by root, which cannot share them itself
local starting = false -- a server was asked for and has not ended

local function start(config, buffer)
  starting = true
  if vim.lsp.start then
    vim.lsp.start(config, { bufnr = buffer })
    return
  end
  local id = started[config.root_dir]
  if not id or not vim.lsp.get_client_by_id(id) then
    id = vim.lsp.start_client(config)
    started[config.root_dir] = id
  end
  vim.lsp.buf_attach_client(buffer, id)
end

local LOOP_SECONDS = 180 -- a second end within this time is a loop
local LET_GO_MILLISECONDS = 200 -- until then Neovim would hand out the client that ended
local ended = {} -- when the server of a root last ended unasked

-- Starts a server once more that ended unasked.
local function exited(code, signal, id)
  local client = vim.lsp.get_client_by_id(id)
  if not client or (code == 0 and (signal == 0 or signal == 15)) then return end
  local config, now = client.config, vim.loop.now() / 1000
  local root = config.root_dir or ''
  local before = ended[root]
  ended[root] = now
  local buffers = client.attached_buffers and vim.tbl_keys(client.attached_buffers)
    or vim.lsp.get_buffers_by_client_id(id)
  statuses[id], starting = nil, false
  vim.defer_fn(function()
    if before and now - before < LOOP_SECONDS then
      return told('the server ended twice in a short time and is left alone; :edit starts it', vim.log.levels.ERROR)
    end
    for _, buffer in ipairs(buffers) do
      if vim.api.nvim_buf_is_loaded(buffer) then start(config, buffer) end
    end
  end, LET_GO_MILLISECONDS)
end

-- What `vim.lsp.start`, `vim.lsp.config` and friends take, with changes of the person's.
function M.config(changes)
  local config = vim.tbl_deep_extend('force', defaults, changes or {})
  local on_exit = config.on_exit
  config.on_exit = function(...)
    exited(...)
    if on_exit then on_exit(...) end
  end
  local on_init = config.on_init
  config.on_init = function(client, ...)
    if vim.fn.has('nvim-0.10') == 1 then tell_all_findings(client) end
    if on_init then return on_init(client, ...) end
  end
  config.handlers = vim.tbl_extend('keep', config.handlers or {}, handlers)
  config.capabilities = vim.tbl_deep_extend(
    'force',
    vim.lsp.protocol.make_client_capabilities(),
    { experimental = { holdfast = { status = true, diagnostics = true } } },
    config.capabilities or {}
  )
  return config
end

-- The closest folder above a file that has one of the markers; else the current one.
local function root_of(file, markers)
  local folder = file
  repeat
    local above = vim.fn.fnamemodify(folder, ':h')
    if above == folder then return vim.fn.getcwd() end
    folder = above
    for _, marker in ipairs(markers) do
      if vim.loop.fs_stat(folder .. '/' .. marker) then return folder end
    end
  until false
end

local function attach(config, buffer)
  local file = vim.api.nvim_buf_get_name(buffer)
  if file == '' or vim.bo[buffer].buftype ~= '' then return end
  local root = root_of(file, config.root_markers)
  start(vim.tbl_extend('force', config, {
    root_dir = root,
    workspace_folders = { { uri = vim.uri_from_fname(root), name = vim.fn.fnamemodify(root, ':t') } },
  }), buffer)
end

local START_MILLISECONDS = 5000 -- how long a command waits for a server that starts

-- The running client, that of the current buffer first.
function M.client()
  local get = vim.lsp.get_clients or vim.lsp.get_active_clients
  local attached = vim.lsp.buf_get_clients and not vim.lsp.get_clients and vim.lsp.buf_get_clients(0)
    or get({ bufnr = 0 })
  for _, clients in ipairs({ attached, get() }) do
    for _, client in pairs(clients) do
      if client.name == 'holdfast' then return client end
    end
  end
end

-- Runs a command of the server; `done` gets its reply, which is shown without it.
function M.command(name, argument, done)
  if starting then vim.wait(START_MILLISECONDS, M.client) end
  local client = M.client()
  if not client then return told('the server is not running here', vim.log.levels.WARN) end
  local params = { command = 'holdfast.' .. name, arguments = argument and { argument } or nil }
  local function answered(err, reply)
    if err then return told(err.message, vim.log.levels.ERROR) end
    if done then return done(reply) end
    if reply and reply.message then told(reply.message) end
  end
  if vim.fn.has('nvim-0.11') == 1 then
    client:request('workspace/executeCommand', params, answered)
  else
    client.request('workspace/executeCommand', params, answered)
  end
end

local icons = { running = '…', waiting = '?', indexing = '…', error = '!', idle = '' }

-- For a statusline, as in `2/5 goals · step 14 · $0.03`; empty where there is nothing to say.
function M.status()
  local client = M.client()
  local status = client and statuses[client.id]
  if not status then return '' end
  local parts, goals = {}, status.goals or {}
  local active = status.state == 'running' or status.state == 'waiting'
  if (goals.total or 0) > 0 then table.insert(parts, ('%d/%d goals'):format(goals.met, goals.total)) end
  if status.state == 'waiting' then table.insert(parts, 'waits for you') end
  if status.state == 'indexing' then table.insert(parts, 'indexing') end
  if active and status.step then table.insert(parts, ('step %d'):format(status.step)) end
  if active and status.costUsd then table.insert(parts, ('$%.2f'):format(status.costUsd)) end
  local text = table.concat(parts, ' · ')
  return text == '' and '' or vim.trim(icons[status.state] .. ' ' .. text)
end

local function place(input)
  if vim.api.nvim_buf_get_name(0) == '' then return {} end
  local found = { uri = vim.uri_from_bufnr(0) }
  if input.range > 0 then
    found.range = {
      start = { line = input.line1 - 1, character = 0 },
      ['end'] = { line = input.line2, character = 0 },
    }
  end
  return found
end

local function with(argument, more)
  return vim.tbl_extend('force', argument, more)
end

local function found(reply)
  local items = {}
  for _, hit in ipairs(reply.hits or {}) do
    table.insert(items, {
      filename = hit.uri and vim.uri_to_fname(hit.uri) or nil,
      lnum = hit.range and hit.range.start.line + 1 or nil,
      text = hit.title,
    })
  end
  if #items == 0 then return told(reply.message) end
  vim.fn.setqflist({}, ' ', { title = 'Holdfast', items = items })
  vim.cmd('copen')
end

-- `:Holdfast WORD REST`; a range in front of it selects lines.
local words = {
  work = function(rest, input) M.command('run.start', with(place(input), { prompt = rest })) end,
  goals = function() M.command('run.start') end,
  plan = function(rest, input)
    M.command('run.start', with(place(input), { prompt = rest, mode = 'plan' }))
  end,
  max = function(rest, input)
    M.command('run.start', with(place(input), { prompt = rest, maxMode = true }))
  end,
  propose = function(rest, input) M.command('max.propose', with(place(input), { prompt = rest })) end,
  accept = function(rest)
    if not rest:match('^%d*$') then
      return told(('accept takes the number of a candidate, not “%s”'):format(rest), vim.log.levels.ERROR)
    end
    M.command('max.accept', { candidate = tonumber(rest) })
  end,
  stop = function() M.command('run.stop') end,
  resume = function() M.command('run.resume') end,
  send = function(rest) M.command('run.send', { text = rest }) end,
  undo = function() M.command('run.undo') end,
  show = function() M.command('run.show', nil, function(reply) vim.cmd('edit ' .. vim.fn.fnameescape(vim.uri_to_fname(reply.uri))) end) end,
  list = function() M.command('run.list') end,
  goal = function(rest) M.command('goal.new', rest ~= '' and { title = rest } or nil) end,
  check = function() M.command('goal.check', { all = true }) end,
  once = function() M.command('permission.answer', { answer = 'once' }) end,
  always = function() M.command('permission.answer', { answer = 'always' }) end,
  deny = function() M.command('permission.answer', { answer = 'deny' }) end,
  search = function(rest) M.command('memory.search', { query = rest }, found) end,
  remember = function(rest) M.command('memory.remember', { text = rest }) end,
  status = function() M.command('status') end,
  doctor = function() M.command('doctor') end,
}

local function run(input)
  local word, rest = input.args:match('^(%S+)%s*(.*)$')
  if not words[word] then
    local known = vim.tbl_keys(words)
    table.sort(known)
    return told(('unknown: %s; known are %s'):format(word, table.concat(known, ', ')), vim.log.levels.ERROR)
  end
  words[word](rest, input)
end

-- Starts the server for every file that is opened, and adds `:Holdfast`.
function M.setup(changes)
  local config = M.config(changes)
  vim.api.nvim_create_user_command('Holdfast', run, {
    nargs = '+',
    range = true,
    complete = function(start)
      return vim.tbl_filter(function(word) return vim.startswith(word, start) end, vim.tbl_keys(words))
    end,
  })
  local group = vim.api.nvim_create_augroup('holdfast', {})
  vim.api.nvim_create_autocmd({ 'BufReadPost', 'BufNewFile' }, {
    group = group,
    callback = function(event) attach(config, event.buf) end,
  })
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) then attach(config, buffer) end
  end
end

return M
