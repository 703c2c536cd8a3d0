# version.rb: which Ruby this is.
puts RUBY_DESCRIPTION
