-- Runs busted with the arguments of this script.
require "busted.runner" { standalone = false }
