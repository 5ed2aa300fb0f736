# Writes OUT: the files FILES of DIR as `const prt_embedded SYMBOL[]` (base/embed.h), ended by a {NULL}.
set(code "#include \"base/embed.h\"\n\nconst prt_embedded ${SYMBOL}[] = {\n")
foreach(file IN LISTS FILES)
  file(READ ${DIR}/${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" text "${hex}")
  # Short literals side by side: compilers limit the length of one.
  string(REGEX REPLACE "(\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..)"
    "\"\\1\"\n" text "${text}")
  string(REGEX REPLACE "\n([^\"]+)$" "\n\"\\1\"" text "${text}")
  if(NOT text MATCHES "^\"")
    set(text "\"${text}\"")
  endif()
  string(LENGTH "${hex}" length)
  math(EXPR length "${length} / 2")
  string(APPEND code "{\"${file}\", ${text}, ${length}},\n")
endforeach()
string(APPEND code "{0, 0, 0}};\n")
file(WRITE ${OUT} "${code}")
