" MIL text of Core ML models.
if exists('b:current_syntax')
  finish
endif

syntax case match

syntax match milName /\<\h\w*\>/
syntax match milOperation /\<\h\w*\ze\s*\%(<\s*\w\+\s*>\)\?\s*(/
syntax match milKey /\<\h\w*\ze\s*=/
syntax match milFunction /\%(\<func\s\+\)\@<=\h\w*/ nextgroup=milOpset skipwhite
syntax match milOpset /<\s*ios\d\+\s*>/
syntax keyword milKeyword program func
syntax match milReference /\<BLOBFILE\>\ze\s*(/

syntax match milType /\<\%(tensor_buffer\|tensor\|list\|dict\|tuple\|state\)\>\ze\s*</
syntax match milElement /\<\%(bool\|string\|fp16\|fp32\|fp64\|bf16\|fp8e4m3fn\|fp8e5m2\|int\%(4\|8\|16\|32\|64\)\|uint\%(1\|2\|3\|4\|6\|8\|16\|32\|64\)\)\>\%(\s*=\)\@!/
syntax match milUnknown /?\|\.\.\./

syntax match milNumber /\%(\w\)\@1<![-+]\?\%(0[xX]\x*\.\?\x*\%([pP][-+]\?\d\+\)\?\|\%(\d\+\.\?\d*\|\.\d\+\)\%([eE][-+]\?\d\+\)\?\)\w\@!/
syntax match milNumber /[-+]\?\<\%(inf\|nan\)\>\%(\s*=\)\@!\%((0[xX]\x\+)\)\?/
syntax keyword milBoolean true false

syntax match milEscape /\\\%(["'`\\ntr0]\|x\x\{2}\|u\x\{4}\)/ contained
syntax region milString start=/"/ skip=/\\./ end=/"/ oneline contains=milEscape
syntax region milQuoted start=/`/ skip=/\\./ end=/`/ oneline contains=milEscape
syntax match milComment +//.*+ contains=@Spell

highlight default link milOperation Function
highlight default link milKey Label
highlight default link milFunction Identifier
highlight default link milOpset PreProc
highlight default link milKeyword Keyword
highlight default link milReference Keyword
highlight default link milType Structure
highlight default link milElement Type
highlight default link milUnknown Special
highlight default link milNumber Number
highlight default link milBoolean Boolean
highlight default link milEscape SpecialChar
highlight default link milString String
highlight default link milQuoted Identifier
highlight default link milComment Comment

" Weights that are written out make lines of many thousand characters.
setlocal synmaxcol=2000

let b:current_syntax = 'mil'
