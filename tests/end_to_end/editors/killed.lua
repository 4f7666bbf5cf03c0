-- The server is killed in the middle of a run, and again. The assertions are in test_killed_servers.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')
local seen = it.seen
seen.notices = {}
vim.notify = function(text) table.insert(seen.notices, text) end

local function kill(file)
  it.wait(file, function() return vim.fn.getfsize(file) > 0 end)
  vim.loop.kill(tonumber(vim.fn.readfile(file)[1]), 9)
end

it.play(function()
  it.start()
  local first = it.client
  it.command('run.start', { prompt = 'Sleep.' })
  kill('first')
  local function offered()
    for _, notice in ipairs(seen.notices) do
      if notice:find('was interrupted', 1, true) then return notice end
    end
  end
  it.wait('the offer', offered)
  it.client = it.holdfast.client()
  seen.again = it.client.id ~= first.id
  seen.offer = offered()
  vim.cmd('Holdfast resume')
  it.wait('the end', function() return it.said('Slept.') end)

  -- Twice within three minutes is a loop.
  kill('second')
  it.wait('the word about the loop', function()
    return vim.tbl_contains(seen.notices, 'Holdfast: the server ended twice in a short time and is left alone; :edit starts it')
  end)
  seen.left_alone = it.holdfast.client() == nil
  vim.cmd('edit')
  it.attached()
end)
