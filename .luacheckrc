std = "lua54"
max_line_length = 132
exclude_files = { "build/", "tests/lua/bad/" }
files["lua/partrun/meta/"].ignore = { "211", "212", "241" } -- declarations only
files["tests/lua/"].std = "lua54+busted"
files["**/*_spec.lua"].std = "lua54+busted"
