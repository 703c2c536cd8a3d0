%define %host_class(type, Name) %enddef
%define %polyshm_weighs_anew(call) %feature("polyshm_weighs", "1") call; %enddef
%define %polyshm_sequence(type) %polyshm_tell(type, "sequence", "", 0) %enddef
%define %polyshm_expected_to_fail(call) %feature("polyshm_fails", "1") call; %enddef
%define %polyshm_may_wait(call) %feature("polyshm_long", "wait") call; %enddef
%define %polyshm_may_work(call, condition) %feature("polyshm_long", "work") call; %enddef
