-- A run that calls a tool of an MCP server, with permission, as a person would do it.
-- The assertions are in test_server_tools.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')
local seen = it.seen

it.play(function()
  it.start()
  it.command('run.start', { prompt = 'Say it again.' })
  it.approve()
  it.wait('the end of the run', function() return it.said('It said so.') end)
end)
