" Holdfast for Vim with ALE: goals and questions are ALE's problems, `:Holdfast` does the rest.
"
"   let g:holdfast_filetypes = ['python', 'markdown']
"   set statusline+=%{HoldfastStatus()}
"
" ALE asks no questions for a server, so permission is given with `:Holdfast once`,
" `always` or `deny`, as the problem in the file says.
if exists('g:loaded_holdfast') | finish | endif
let g:loaded_holdfast = 1

let g:holdfast_filetypes = get(g:, 'holdfast_filetypes', ['python', 'markdown', 'javascript', 'typescript', 'go', 'rust', 'c', 'cpp'])
let g:holdfast_command = get(g:, 'holdfast_command', ['holdfast'])
let s:status = {}

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

" Runs a command of the server; its reply goes to Done.
function! HoldfastCommand(name, argument, Done) abort
  let params = {'command': 'holdfast.' . a:name, 'arguments': empty(a:argument) ? [] : [a:argument]}
  call ale#lsp_linter#SendRequest(bufnr(''), 'holdfast', [0, 'workspace/executeCommand', params], a:Done)
endfunction

function! s:Tell(reply) abort
  let result = get(a:reply, 'result', {})
  echomsg 'Holdfast: ' . get(result, 'message', get(get(a:reply, 'error', {}), 'message', ''))
endfunction

function! s:Keep(reply) abort
  let s:status = get(a:reply, 'result', {})
  redrawstatus!
endfunction

" As in `2/5 goals · step 14`; asked for every two seconds.
function! HoldfastStatus() abort
  let goals = get(s:status, 'goals', {})
  let parts = get(goals, 'total', 0) > 0 ? [printf('%d/%d goals', goals.met, goals.total)] : []
  let active = index(['running', 'waiting'], get(s:status, 'state', '')) >= 0
  let parts += get(s:status, 'state', '') ==# 'waiting' ? ['waits for you'] : []
  let parts += active && has_key(s:status, 'step') ? ['step ' . s:status.step] : []
  return join(parts, ' · ')
endfunction

function! HoldfastPoll(timer) abort
  if index(g:holdfast_filetypes, &filetype) >= 0 && get(g:, 'holdfast_started', 0)
    call HoldfastCommand('status', {}, function('s:Keep'))
  endif
endfunction

let s:words = {
\ 'work': {rest -> ['run.start', {'prompt': rest, 'uri': ale#util#ToURI(expand('%:p'))}]},
\ 'goals': {rest -> ['run.start', {}]},
\ 'propose': {rest -> ['max.propose', {'prompt': rest}]},
\ 'accept': {rest -> ['max.accept', {'candidate': str2nr(rest)}]},
\ 'stop': {rest -> ['run.stop', {}]},
\ 'resume': {rest -> ['run.resume', {}]},
\ 'send': {rest -> ['run.send', {'text': rest}]},
\ 'undo': {rest -> ['run.undo', {}]},
\ 'show': {rest -> ['run.show', {}]},
\ 'list': {rest -> ['run.list', {}]},
\ 'goal': {rest -> ['goal.new', {'title': rest}]},
\ 'check': {rest -> ['goal.check', {'all': v:true}]},
\ 'once': {rest -> ['permission.answer', {'answer': 'once'}]},
\ 'always': {rest -> ['permission.answer', {'answer': 'always'}]},
\ 'deny': {rest -> ['permission.answer', {'answer': 'deny'}]},
\ 'search': {rest -> ['memory.search', {'query': rest}]},
\ 'status': {rest -> ['status', {}]},
\ 'doctor': {rest -> ['doctor', {}]},
\}

function! s:Run(args) abort
  let word = matchstr(a:args, '^\S\+')
  if !has_key(s:words, word)
    echoerr 'Holdfast: unknown: ' . word . '; known are ' . join(sort(keys(s:words)), ', ')
    return
  endif
  let [name, argument] = s:words[word](trim(a:args[len(word):]))
  call HoldfastCommand(name, argument, function('s:Tell'))
endfunction

function! s:Words(start, line, position) abort
  return filter(sort(keys(s:words)), {_, word -> stridx(word, a:start) == 0})
endfunction

command! -nargs=+ -complete=customlist,s:Words Holdfast call s:Run(<q-args>)
augroup holdfast
  autocmd!
  autocmd User ALELSPStarted let g:holdfast_started = 1
augroup END
call s:Define()
call timer_start(2000, 'HoldfastPoll', {'repeat': -1})
