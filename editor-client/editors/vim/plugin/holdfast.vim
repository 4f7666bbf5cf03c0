" Holdfast for Vim with ALE: goals and questions are ALE's problems, `:Holdfast` does the rest.
"
"   let g:holdfast_filetypes = ['python', 'markdown']
"   set statusline+=%{HoldfastStatus()}
"
" ALE asks no questions for a server, so permission is given with `:Holdfast once`,
" `run`, `always` or `deny WHY`, as the problem in the file says.
if exists('g:loaded_holdfast') | finish | endif
let g:loaded_holdfast = 1

let g:holdfast_filetypes = get(g:, 'holdfast_filetypes', ['python', 'markdown', 'javascript', 'typescript', 'go', 'rust', 'c', 'cpp'])
let g:holdfast_command = get(g:, 'holdfast_command', ['holdfast'])
let s:status = {}
let s:joining = 0

function! s:Root(buffer) abort
  let folder = ale#path#FindNearestDirectory(a:buffer, '.git')
  return folder ==# '' ? fnamemodify(bufname(a:buffer), ':p:h') : fnamemodify(folder, ':h:h')
endfunction

function! s:Define() abort
  for filetype in g:holdfast_filetypes
    call ale#linter#Define(filetype, {
    \ 'name': 'holdfast',
    \ 'lsp': 'stdio',
    \ 'executable': g:holdfast_command[0],
    \ 'command': join(['%e'] + map(copy(g:holdfast_command[1:]), 'ale#Escape(v:val)')),
    \ 'project_root': function('s:Root'),
    \ 'language': filetype,
    \ 'initialization_options': {'clientCapabilities': {'holdfast': {'status': v:true}}},
    \})
  endfor
endfunction

" Runs a command of the server; Done is called with its reply.
function! HoldfastCommand(name, argument, Done) abort
  let params = {'command': 'holdfast.' . a:name, 'arguments': empty(a:argument) ? [] : [a:argument]}
  call ale#lsp_linter#SendRequest(bufnr(''), 'holdfast', [0, 'workspace/executeCommand', params], a:Done)
endfunction

function! s:ShowMessage(reply) abort
  let result = get(a:reply, 'result', {})
  echomsg 'Holdfast: ' . get(result, 'message', get(get(a:reply, 'error', {}), 'message', ''))
endfunction

" As in `2/5 goals · step 14 · $0.03`; empty where there is nothing to say.
function! HoldfastStatus() abort
  return get(s:status, 'line', '')
endfunction

function! s:KeepStatus(status) abort
  let s:status = a:status
  redrawstatus!
endfunction

" ALE calls this with every message of our server, also with those that answer no request.
function! s:Receive(connection, message) abort
  if get(a:message, 'method', '') ==# 'holdfast/status'
    call s:KeepStatus(a:message.params)
  endif
endfunction

function! s:Join(linter, details) abort
  call ale#lsp#RegisterCallback(a:details.connection_id, function('s:Receive'))
  " The first status may have come before.
  call HoldfastCommand('status', {}, {reply -> s:KeepStatus(get(reply, 'result', {}))})
endfunction

" ALE says that a server of this buffer has started, and says it again for each request.
function! s:Started() abort
  let g:holdfast_started = 1
  if s:joining || index(g:holdfast_filetypes, &filetype) < 0 | return | endif
  let s:joining = 1
  for linter in filter(copy(ale#linter#Get(&filetype)), {_, each -> each.name ==# 'holdfast'})
    call ale#lsp_linter#StartLSP(bufnr(''), linter, function('s:Join'))
  endfor
  let s:joining = 0
endfunction

" A step, and behind it what to do instead.
function! s:Step(rest) abort
  let [step, prompt] = matchlist(a:rest, '^\(\d*\)\s*\(.*\)$')[1:2]
  return extend(step ==# '' ? {} : {'step': str2nr(step)}, prompt ==# '' ? {} : {'prompt': prompt})
endfunction

" How many attempts, and behind it what to do.
function! s:Attempts(rest) abort
  let [count, prompt] = matchlist(a:rest, '^\(\d*\)\s*\(.*\)$')[1:2]
  return {'prompt': prompt, 'attempts': str2nr(count), 'uri': ale#util#ToURI(expand('%:p'))}
endfunction

let s:words = {
\ 'work': {rest -> ['run.start', {'prompt': rest, 'uri': ale#util#ToURI(expand('%:p'))}]},
\ 'attempts': {rest -> ['run.start', s:Attempts(rest)]},
\ 'goals': {rest -> ['run.start', {}]},
\ 'propose': {rest -> ['max.propose', {'prompt': rest}]},
\ 'accept': {rest -> ['max.accept', {'candidate': str2nr(rest)}]},
\ 'stop': {rest -> ['run.stop', {}]},
\ 'resume': {rest -> ['run.resume', {}]},
\ 'send': {rest -> ['run.send', {'text': rest}]},
\ 'undo': {rest -> ['run.undo', {}]},
\ 'rewind': {rest -> ['run.rewind', s:Step(rest)]},
\ 'fork': {rest -> ['run.fork', s:Step(rest)]},
\ 'show': {rest -> ['run.show', {}]},
\ 'list': {rest -> ['run.list', {}]},
\ 'goal': {rest -> ['goal.new', {'title': rest}]},
\ 'check': {rest -> ['goal.check', {'all': v:true}]},
\ 'once': {rest -> ['permission.answer', {'answer': 'once'}]},
\ 'run': {rest -> ['permission.answer', {'answer': 'run'}]},
\ 'always': {rest -> ['permission.answer', {'answer': 'always'}]},
\ 'everywhere': {rest -> ['permission.answer', {'answer': 'everywhere'}]},
\ 'sandboxed': {rest -> ['permission.answer', {'answer': 'sandboxed'}]},
\ 'deny': {rest -> ['permission.answer', {'answer': 'deny', 'reason': rest}]},
\ 'search': {rest -> ['memory.search', {'query': rest}]},
\ 'status': {rest -> ['status', {}]},
\ 'skills': {rest -> ['skill.list', {}]},
\ 'trust': {rest -> ['trust', {}]},
\ 'model': {rest -> ['model.choose', rest ==# '' ? {} : {'baseUrl': rest}]},
\ 'workflow': {rest -> rest ==# '' ? ['workflow.list', {}] : ['workflow.run', {'name': rest}]},
\ 'doctor': {rest -> ['doctor', {}]},
\}

function! s:Run(args) abort
  let word = matchstr(a:args, '^\S\+')
  if !has_key(s:words, word)
    echoerr 'Holdfast: unknown: ' . word . '; known are ' . join(sort(keys(s:words)), ', ')
    return
  endif
  let [name, argument] = s:words[word](trim(a:args[len(word):]))
  call HoldfastCommand(name, argument, function('s:ShowMessage'))
endfunction

function! s:Words(start, line, position) abort
  return filter(sort(keys(s:words)), {_, word -> stridx(word, a:start) == 0})
endfunction

command! -nargs=+ -complete=customlist,s:Words Holdfast call s:Run(<q-args>)
augroup holdfast
  autocmd!
  autocmd User ALELSPStarted call s:Started()
augroup END
call s:Define()
