-- The language client: starts the server, keeps its status, starts it once more when it died.
local question = require('holdfast.question')
local quiet = require('holdfast.quiet')
local M = { notify = quiet.notify }

local LOOP_SECONDS = 180 -- a second end within this time is a loop
local LET_GO_MILLISECONDS = 200 -- until then Neovim would hand out the client that ended
local START_MILLISECONDS = 5000 -- how long a command waits for a server that starts

local defaults = {
  name = 'holdfast',
  cmd = { 'holdfast' },
  root_markers = { '.holdfast', '.git' },
}

local statuses = {} -- the last `holdfast/status` of each client, by its id
local started = {} -- clients of Neovim 0.7 by root, which cannot share them itself
local starting = false -- a server was started and has not ended
local ended = {} -- when the server of a root last ended unasked, in seconds

-- The diagnostics that all language servers but ours show in a buffer, for the agent to read.
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

-- Says that the newest run was interrupted, when the server tells of it for the first time.
local function tell_interrupted(id, status)
  if statuses[id] or status.outcome ~= 'interrupted' then return end
  local text = '“%s” was interrupted and nothing is lost; `:Holdfast resume` goes on with it'
  M.notify(text:format(status.title))
end

local handlers = vim.tbl_extend('error', quiet.handlers, {
  ['holdfast/event'] = function(_, notice, context)
    require('holdfast.chat').take(context.client_id, notice)
  end,
  ['holdfast/questions'] = function(_, waiting, context)
    question.update(context.client_id, waiting.questions)
  end,
  ['holdfast/status'] = function(_, status, context)
    tell_interrupted(context.client_id, status)
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
})

-- Neovim 0.10 and newer send a server only its own diagnostics with a request for code
-- actions; this one fixes those of others.
local function send_all_findings(client)
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

-- Starts a server once more that ended unasked.
local function restart(code, signal, id)
  local client = vim.lsp.get_client_by_id(id)
  if not client or (code == 0 and (signal == 0 or signal == 15)) then return end
  local config, now = client.config, vim.loop.now() / 1000
  local root = config.root_dir or ''
  local before = ended[root]
  ended[root] = now
  local buffers = client.attached_buffers and vim.tbl_keys(client.attached_buffers)
    or vim.lsp.get_buffers_by_client_id(id)
  statuses[id], starting = nil, false
  vim.schedule(function() question.update(id, nil) end)
  vim.defer_fn(function()
    if before and now - before < LOOP_SECONDS then
      local text = 'the server ended twice in a short time and is left alone; :edit starts it'
      return M.notify(text, vim.log.levels.ERROR)
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
    restart(...)
    if on_exit then on_exit(...) end
  end
  local on_init = config.on_init
  config.on_init = function(client, ...)
    if vim.fn.has('nvim-0.10') == 1 then send_all_findings(client) end
    if on_init then return on_init(client, ...) end
  end
  question.setup(M.answer)
  config.handlers = vim.tbl_extend('keep', config.handlers or {}, handlers)
  local able = vim.lsp.protocol.make_client_capabilities()
  -- A transcript that is a file can be edited, searched and followed as any other.
  if able.workspace then able.workspace.textDocumentContent = nil end
  config.capabilities = vim.tbl_deep_extend(
    'force',
    able,
    { experimental = { holdfast = {
      status = true,
      event = true,
      diagnostics = true,
      waitingQuestions = true,
    } } },
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

-- Starts the server for a buffer that is a file, or shares the one of its root.
function M.attach(config, buffer)
  local file = vim.api.nvim_buf_get_name(buffer)
  if file == '' or vim.bo[buffer].buftype ~= '' then return end
  local root = root_of(file, config.root_markers)
  start(vim.tbl_extend('force', config, {
    root_dir = root,
    -- Neovim 0.10 takes a server for one of this root only by this name.
    workspace_folders = { { uri = vim.uri_from_fname(root), name = root } },
  }), buffer)
end

-- The running client, that of the current buffer first.
function M.current()
  local get = vim.lsp.get_clients or vim.lsp.get_active_clients
  local attached = vim.lsp.buf_get_clients and not vim.lsp.get_clients and vim.lsp.buf_get_clients(0)
    or get({ bufnr = 0 })
  for _, clients in ipairs({ attached, get() }) do
    for _, client in pairs(clients) do
      if client.name == 'holdfast' then return client end
    end
  end
end

-- The last status of the running client; nil before the first one.
function M.status()
  local client = M.current()
  return client and statuses[client.id]
end

local function request(client, name, argument, done)
  local params = { command = 'holdfast.' .. name, arguments = argument and { argument } or nil }
  local function answered(err, reply)
    if err then return M.notify(err.message, vim.log.levels.ERROR) end
    if done then return done(reply) end
    if reply and reply.message then M.notify(reply.message) end
  end
  quiet.commanded()
  if vim.fn.has('nvim-0.11') == 1 then
    client:request('workspace/executeCommand', params, answered)
  else
    client.request('workspace/executeCommand', params, answered)
  end
end

-- The running client, which may have to start yet; says so where there is none.
function M.ready()
  if starting then vim.wait(START_MILLISECONDS, M.current) end
  local client = M.current()
  if not client then M.notify('the server is not running here', vim.log.levels.WARN) end
  return client
end

-- Runs a command of the server; `done` gets its reply, which is shown without it.
function M.command(name, argument, done)
  local client = M.ready()
  if client then request(client, name, argument, done) end
end

-- The same with the client that has this id.
function M.command_of(id, name, argument, done)
  local client = vim.lsp.get_client_by_id(id)
  if not client then return M.notify('the server is not running any more', vim.log.levels.WARN) end
  request(client, name, argument, done)
end

-- Answers a question of the client with this id.
function M.answer(id, asked, answer, reason)
  local argument = { id = asked.id, answer = answer, reason = reason ~= '' and reason or nil }
  M.command_of(id, 'permission.answer', argument)
end

return M
