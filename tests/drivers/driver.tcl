# driver.tcl: serves polyshm to the tests; README.md has the protocol. Lines become a script, which Tcl runs as fast as what a
# user writes.
package require polyshm

# What variables hold. A program takes those that it names as v_NAME, and gives them back.
array set values {}
set names {}

# ---- tokens: each is {kind value}; kinds are int float string bytes true false nil list variable ----

# The words of the line, and the place of the next one.
set words {}
set at 0

proc broken {message} {
    return -code error -errorcode BROKEN $message
}

proc split_line {line} {
    set ::words [regexp -inline -all {b?"(?:[^"\\]|\\.)*"(?:\*\d+)?|[]=[]|[^][ ="]+=?} $line]
    set ::at 0
}

proc peek {{ahead 0}} {
    lindex $::words $::at+$ahead
}

proc next {} {
    set word [peek]
    incr ::at
    return $word
}

proc more {} {
    expr {$::at < [llength $::words] && [peek] ne "->"}
}

# Without regular expressions, which would take most of the time for a long list. The escapes are Tcl's own.
proc token {} {
    set word [next]
    set bytes [string match b\"* $word]
    if {$bytes || [string match \"* $word]} {
        set end [string last \" $word]
        set string [subst -nocommands -novariables [string range $word $bytes+1 $end-1]]
        set times [string range $word $end+2 end]
        return [list [expr {$bytes ? "bytes" : "string"}] [string repeat $string [expr {$times eq "" ? 1 : $times}]]]
    } elseif {$word eq "\["} {
        return [list list [elements]]
    } elseif {[string is entier -strict $word]} {
        return [list int $word]
    } elseif {[string is double -strict $word]} {
        return [list float $word]
    } elseif {$word in {nil true false}} {
        return [list $word $word]
    } elseif {$word eq "@foreign"} {
        return {string _deadbeef_p_polyshm_segment}
    } elseif {$word eq "@table"} {
        return {string {a b c}}
    } elseif {![string is wordchar -strict $word]} {
        broken "no token: $word"
    }
    list variable $word
}

proc elements {} {
    set elements {}
    while {[peek] ne "\]"} {
        lappend elements [token]
    }
    incr ::at
    return $elements
}

# A token as a word of a script.
proc word {token} {
    lassign $token kind value
    if {$kind eq "variable"} {
        return [variable_word $value]
    }
    list [plain $token]
}

proc variable_word {name} {
    dict set ::names $name {}
    return \$v_$name
}

# As Tcl has it, where all is text.

proc plain {token} {
    lassign $token kind value
    switch $kind {
        list {return [lmap element $value {plain $element}]}
        nil {return ""}
        default {return $value}
    }
}

# A string is text where one is needed; tokens have its bytes, and characters for what is beyond those.
proc utf8 {string} {
    if {[regexp {[^\u0000-\u00ff]} $string]} {
        set string [join [lmap c [split $string ""] {expr {[scan $c %c] > 255 ? [encoding convertto utf-8 $c] : $c}}] ""]
    }
    encoding convertfrom utf-8 $string
}

# ---- items of a ShareableList: {kind value} ----

proc item {token} {
    lassign $token kind value
    switch $kind {
        string {return [list str [utf8 $value]]}
        true - false {return [list bool $kind]}
        nil {return {none {}}}
        default {return [list $kind $value]}
    }
}

proc item_words {token} {
    lmap part [item $token] {list $part}
}

# A list's items, as a word; what is no list stays as it is.
proc items {token} {
    if {[lindex $token 0] eq "list"} {
        return [list [lmap element [lindex $token 1] {item $element}]]
    }
    word $token
}

# The words of a list's method: those that are values say their kinds.
proc list_words {method positional} {
    lassign $positional first second
    switch $method {
        set {return [list [word $first] {*}[item_words $second]]}
        count - index {return [item_words $first]}
        assign {return [list [items $first] {*}[lmap token [lrange $positional 1 end] {word $token}]]}
        default {return [lmap token $positional {word $token}]}
    }
}

# ---- answers ----

# In Tcl all looks alike: which methods say yes or no the module tells, and these give text.
set truths {wait}
foreach row $polyshm::core::facts {
    lassign $row type fact word
    switch $fact {
        question {lappend truths $word}
        take {lappend truths $word try_$word}
    }
}
set texts {name dtype format directory version kind}

proc quoted {bytes} {
    if {[regexp {[^ !#-\[\]-~]} $bytes]} {
        set bytes [join [lmap c [split $bytes ""] {
            expr {[regexp {[ !#-\[\]-~]} $c] ? $c : [format \\x%02x [scan $c %c]]}
        }] ""]
    }
    return "\"$bytes\""
}

proc text {text} {
    quoted [encoding convertto utf-8 $text]
}

# As C's %.17g writes it; Tcl's knows no NaN.
proc float {number} {
    if {$number in {NaN Inf -Inf}} {
        return [string tolower $number]
    }
    set word [format %.17g $number]
    if {[string is entier -strict $word]} {
        append word .0
    }
    return $word
}

# By its looks: for what is a number or nothing, or one of polyshm's words.
proc plainly {result} {
    if {$result eq ""} {
        return nil
    } elseif {[string is entier -strict $result]} {
        return $result
    } elseif {[string is double -strict $result]} {
        return [float $result]
    }
    text $result
}

proc told_item {kind value} {
    switch $kind {
        none {return nil}
        str {return [text $value]}
        bytes {return b[quoted $value]}
        bool {return [expr {$value ? "true" : "false"}]}
        float {return [float $value]}
        default {return $value}
    }
}

proc is_list {object} {
    string match ::polyshm::ShareableList* $object
}

# A method's result as a token; `first` is the first argument.
proc told {method target first result} {
    set object [expr {[info exists ::values($target)] ? $::values($target) : ""}]
    if {$method in $::truths && $result in {0 1}} {
        return [expr {$result ? "true" : "false"}]
    } elseif {$method in $::texts} {
        return [text $result]
    } elseif {$method eq "read"} {
        return b[quoted $result]
    } elseif {$method eq "names"} {
        return "\[[join [lmap name $result {text $name}]]\]"
    } elseif {[string match ::polyshm::* $result] && [namespace which -command $result] ne ""} {
        return object
    } elseif {[is_list $object] && $method eq "get"} {
        return [told_item [$object kind $first] $result]
    } elseif {[is_list $object] && $method eq "values"} {
        set index [expr {$first eq "" ? -1 : $first - 1}]
        return "\[[join [lmap value $result {told_item [$object kind [incr index]] $value}]]\]"
    } elseif {$method eq "values"} {
        return "\[[join [lmap value $result {plainly $value}]]\]"
    } elseif {$method eq "index" && $result == -1} { ;# what Tcl's searches say of nothing found
        return nil
    }
    plainly $result
}

# ---- statements ----

proc names {} {
    lsort [lmap segment [::polyshm::segments] {dict get $segment name}]
}

proc option {key token} {
    switch $key {
        name {return [list [utf8 [plain $token]]]}
        sequence {return [items $token]}
        default {return [word $token]}
    }
}

# The script of a call.
proc command {target method positional options} {
    if {$target eq "polyshm"} {
        set words [lmap token $positional {list [utf8 [plain $token]]}]
        return [join [list [expr {$method eq "names" ? "names" : "::polyshm::$method"}] {*}$words]]
    }
    if {[regexp {^[A-Z]} $target]} {
        set words [lmap token $positional {word $token}]
        if {[lindex $positional 0 0] eq "string"} { ;# a name is text, and tokens have bytes
            lset words 0 [list [utf8 [lindex $positional 0 1]]]
        }
        if {$target eq "ShareableList" && $method in {create open}} {
            lset words 1 [items [lindex $positional 1]]
        }
        if {$method eq "create" && [lindex $positional 0 0] eq "nil"} {
            set words [lrange $words 1 end]
        }
        return [join [list ::polyshm::$target $method {*}$words {*}$options]]
    }
    if {[info exists ::values($target)] && [is_list $::values($target)]} {
        set words [list_words $method $positional]
    } else {
        set words [lmap token $positional {word $token}]
    }
    join [list [variable_word $target] [expr {$method eq "values" ? "list" : $method}] {*}$words {*}$options]
}

# What a result is compared with: the text that Tcl has for it.
proc expected {token} {
    switch [lindex $token 0] {
        true {return 1}
        false {return 0}
        string {return [list [utf8 [lindex $token 1]]]}
        default {return [word $token]}
    }
}

# The line as a script, which leaves `result`, and `tell`: how it becomes a token.
proc compile {line} {
    split_line $line
    if {[peek] eq "when"} {
        incr ::at
        set held [variable_word [next]]
        set wanted [expected [token]]
        return "if {\[string equal $held $wanted\]} {\n[call $line]\n}"
    }
    call $line
}

proc call {line} {
    if {[peek] eq "fail"} {
        incr ::at
        return [list broken [lindex [token] 1]]
    }
    set variable ""
    if {[peek 1] eq "="} {
        set variable [next]
        incr ::at
    }
    if {![regexp {^(\w+)\.(\w+)$} [next] all target method]} {
        broken "cannot read: $line"
    }
    set positional {}
    set options {}
    while {[more]} {
        if {[regexp {^(\w+)=$} [peek] all key]} {
            incr ::at
            lappend options -$key [option $key [token]]
        } else {
            lappend positional [token]
        }
    }
    set ::tell [list told $method $target [plain [lindex $positional 0]]]
    set script "set result \[[command $target $method $positional $options]\]\n"
    if {$variable ne ""} {
        variable_word $variable
        append script "set v_$variable \$result\n"
    }
    if {[next] eq "->"} {
        set why "\[lindex [list [list $line]] 0\]: it gave \$result"
        append script "if {!\[string equal \$result [expected [token]]\]} {broken \"$why\"}\n"
    }
    return $script
}

# Runs the lines so many times, and returns the last result. Without a result, as after a `when` that did not come true, it is "".
proc run {lines times} {
    set ::names {}
    set body [join [lmap line $lines {compile $line}] \n]
    set take {}
    set give {}
    foreach name [dict keys $::names] {
        append take "if {\[info exists ::values($name)\]} {set v_$name \$::values($name)}\n"
        append give "if {\[info exists v_$name\]} {set ::values($name) \$v_$name}\n"
    }
    apply [list times "set result {}\n${take}while {\[incr times -1\] >= 0} {\n$body\n}\n${give}return \$result"] $times
}

# ---- lines ----

proc forget {} {
    foreach {name object} [array get ::values] {
        catch {$object destroy}
    }
    array unset ::values
    return nil
}

proc serve {line} {
    if {$line eq "forget"} {
        return [forget]
    } elseif {[regexp {^repeat (\d+) (\d+)$} $line all times count]} {
        set lines {}
        while {[incr count -1] >= 0} {
            lappend lines [gets stdin]
        }
        run $lines $times
        return nil
    }
    set result [run [list $line] 1]
    {*}$::tell $result
}

proc failure {message errorcode} {
    switch [lindex $errorcode 0] {
        POSIX - POLYSHM {return "error [lindex $errorcode 1] [text $message]"}
        BROKEN {return "broken [text $message]"}
        default {return "broken [text "$message ($errorcode)"]"}
    }
}

fconfigure stdin -encoding iso8859-1 -translation lf
fconfigure stdout -encoding iso8859-1 -translation lf
puts "ready tcl tcl[info tclversion]"
flush stdout
while {[gets stdin text] >= 0} {
    if {[catch {serve $text} answer details]} {
        set answer [failure $answer [dict get $details -errorcode]]
    }
    puts $answer
    flush stdout
}
forget
