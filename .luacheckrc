std = "lua54"
max_line_length = 132
exclude_files = { "build/", "tests/lua/bad/" }
-- Declarations for editors: no code, and the name that users give the module.
files["lua/partrun/meta/"] = { globals = { "partrun" }, ignore = { "211", "212", "241", "431", "631" } }
files["tests/lua/"].std = "lua54+busted"
files["**/*_spec.lua"].std = "lua54+busted"
