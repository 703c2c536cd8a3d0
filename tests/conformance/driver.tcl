# Runs *.cases; README.md has the grammar. driver.tcl FILE...
package require polyshm

set prefix conformance-tcl-[pid]-

# A tool that is loaded into this interpreter, as ASan is, is not for the commands.
proc shell {command} {
    exec -ignorestderr env -u LD_PRELOAD /bin/sh -c $command
}

# ---- words: each token is {kind value}; kinds are int float string bytes true false nil list ----

proc stop {message} {
    return -code error -errorcode DRIVER $message
}

# Takes the match of a pattern off the front of the text; the captures go to the named variables.
proc take {textVar pattern args} {
    upvar 1 $textVar text
    if {![regexp -indices "^$pattern" $text whole]} {
        return 0
    }
    uplevel 1 [list regexp "^$pattern" $text {} {*}$args]
    set text [string range $text [lindex $whole 1]+1 end]
    return 1
}

proc unescape {body} {
    set body [string map [list \$P $::prefix] $body]
    set text ""
    while {[string length $body]} {
        if {[take body {\\x([0-9a-fA-F]{2})} hex] || [take body {\\u([0-9a-fA-F]{4})} hex]} {
            append text [format %c 0x$hex]
        } elseif {[take body {\\(.)} character]} {
            append text [string map {n \n t \t} $character]
        } else {
            take body {([^\\]+)} plain
            append text $plain
        }
    }
    return $text
}

proc token {textVar} {
    upvar 1 $textVar text
    if {[take text {"((?:[^"\\]|\\.)*)"(?:\*(\d+))?} body times]} {
        return [list string [string repeat [unescape $body] [expr {$times eq "" ? 1 : $times}]]]
    } elseif {[take text {b"((?:[^"\\]|\\.)*)"} body]} {
        return [list bytes [unescape $body]]
    } elseif {[take text {\[}]} {
        set elements {}
        while {![take text { *\]}]} {
            take text { +}
            lappend elements [token text]
        }
        return [list list $elements]
    } elseif {[take text {(-?\d+)(?=[] ]|$)} number]} {
        return [list int $number]
    } elseif {[take text {(-?(?:nan|inf|\d[\d.e+-]*))(?=[] ]|$)} number]} {
        return [list float $number]
    } elseif {[take text {(nil|true|false)(?=[] ]|$)} word]} {
        return [list $word $word]
    } elseif {[take text {@foreign(?=[] ]|$)}]} {
        return {string _deadbeef_p_polyshm_segment}
    } elseif {[take text {@table(?=[] ]|$)}]} {
        return {string {a b c}}
    } elseif {[take text {(\w+)(?=[] ]|$)} name]} {
        if {![dict exists $::variables $name]} {
            stop "there is no variable $name"
        }
        return [list object [dict get $::variables $name]]
    }
    stop "cannot read: $text"
}

# This is what a token is in Tcl, where all is text.
proc value {token} {
    lassign $token kind value
    switch $kind {
        nil {return ""}
        list {return [lmap element $value {value $element}]}
        default {return $value}
    }
}

# A string is text where one is needed; the cases write its bytes.
proc utf8 {string} {
    encoding convertfrom utf-8 $string
}

# This is what a token is as an item of a ShareableList: {kind value}.
proc item {token} {
    lassign $token kind value
    switch $kind {
        string {return [list str [utf8 $value]]}
        true - false {return [list bool $kind]}
        nil {return none}
        default {return [list $kind $value]}
    }
}

# The words of a list's method: those that are values say their kinds.
proc list_words {method positional} {
    lassign $positional first second
    switch $method {
        set {return [list [value $first] {*}[item_words $second]]}
        count - index {return [item_words $first]}
        assign {return [list [items $first] {*}[lmap token [lrange $positional 1 end] {value $token}]]}
        default {return [lmap token $positional {value $token}]}
    }
}

proc item_words {token} {
    expr {[lindex $token 0] eq "nil" ? {none {}} : [item $token]}
}

# A list's items; what is no list stays as it is.
proc items {token} {
    expr {[lindex $token 0] eq "list" ? [lmap element [lindex $token 1] {item $element}] : [value $token]}
}

proc same {token actual} {
    lassign $token kind value
    switch $kind {
        int {return [expr {[string is entier -strict $actual] && $actual == $value}]}
        float {
            if {[string is entier -strict $actual] || ![string is double -strict $actual]} {
                return 0
            }
            return [expr {[string equal -nocase $value nan] ? [string equal -nocase $actual nan] : $actual == $value}]
        }
        true - false {return [expr {$actual eq ($kind eq "true")}]}
        nil {return [expr {$actual eq ""}]}
        string {return [expr {$actual eq $value || $actual eq [utf8 $value]}]}
        list {
            if {[llength $actual] != [llength $value]} {
                return 0
            }
            foreach element $value one $actual {
                if {![same $element $one]} {
                    return 0
                }
            }
            return 1
        }
        default {return [expr {$actual eq $value}]}
    }
}

# ---- calls ----

proc option {key token} {
    switch $key {
        name {return [utf8 [value $token]]}
        sequence {return [items $token]}
        default {return [value $token]}
    }
}

proc command {target method positional options} {
    set words [lmap token $positional {value $token}]
    if {$target eq "polyshm"} {
        return [list [expr {$method eq "names" ? "names" : "::polyshm::$method"}] {*}[lmap word $words {utf8 $word}]]
    }
    if {$target in {SharedMemory ShareableList Lock Semaphore Event}} {
        if {[lindex $positional 0 0] eq "string"} { ;# a name is text, and the cases write bytes
            lset words 0 [utf8 [lindex $words 0]]
        }
        if {$target eq "ShareableList" && $method in {create open}} {
            lset words 1 [items [lindex $positional 1]]
        }
        if {$method eq "create" && [lindex $positional 0 0] eq "nil"} {
            set words [lrange $words 1 end]
        }
        return [list ::polyshm::$target $method {*}$words {*}$options]
    }
    if {![dict exists $::variables $target]} {
        stop "there is no variable $target"
    }
    set object [dict get $::variables $target]
    if {[string match ::polyshm::ShareableList* $object]} {
        set words [list_words $method $positional]
    }
    if {$method eq "values"} {
        set method list
    }
    return [list $object $method {*}$words {*}$options]
}

proc names {} {
    set names [lmap segment [::polyshm::segments] {dict get $segment name}]
    lsort [lsearch -all -inline -glob $names $::prefix*]
}

proc code {errorcode} {
    expr {[lindex $errorcode 0] in {POSIX POLYSHM} ? [lindex $errorcode 1] : $errorcode}
}

proc statement {line} {
    if {[take line {sh }]} {
        shell [lindex [token line] 1]
        return
    }
    if {![take line {(?:(\w+) = )?(\w+)\.(\w+)} variable target method]} {
        stop "cannot read: $line"
    }
    set positional {}
    set options {}
    while {[take line { +(?!->)}]} {
        if {[take line {(\w+)=} key]} {
            dict set options -$key [option $key [token line]]
        } else {
            lappend positional [token line]
        }
    }
    set call [command $target $method $positional $options]
    set failed [catch $call result details]
    if {[take line { *-> *error (\w+)(?: +(?="))?} expected]} {
        if {!$failed} {
            stop "it gave [list $result], not $expected"
        }
        set code [code [dict get $details -errorcode]]
        if {$code ne $expected} {
            stop "$code, not $expected: $result"
        }
        if {$line ne "" && [string first [set words [lindex [token line] 1]] $result] < 0} {
            stop "the message has no \"$words\": $result"
        }
        return
    }
    if {$failed} {
        stop "[code [dict get $details -errorcode]]: $result"
    }
    if {[take line { *-> *object}]} {
        if {![string match ::polyshm::* $result] || [namespace which -command $result] eq ""} {
            stop "no object: [list $result]"
        }
    } elseif {[take line { *-> *}]} {
        set expected [token line]
        if {$method eq "index" && $result == -1} { ;# what Tcl's searches say of nothing found
            set result ""
        }
        if {![same $expected $result]} {
            stop "it gave [list $result]"
        }
    }
    if {$line ne ""} {
        stop "cannot read: $line"
    }
    if {$variable ne ""} {
        dict set ::variables $variable $result
    }
}

# ---- cases ----

proc skipped {languages} {
    foreach language $languages {
        if {$language in [list tcl tcl[info tclversion]]} {
            return 1
        }
    }
    return 0
}

# Commands, and not glob: Tcl 9's fails over any name that is not UTF-8, whoever made it.
proc leftovers {} {
    set left [shell "test ! -d /dev/shm || find /dev/shm -maxdepth 1 -name '$::prefix*'"]
    shell "rm -rf /dev/shm/$::prefix*"
    return $left
}

# Runs the lines of one case; "" or why it failed.
proc run {lines} {
    set ::variables {}
    set why ""
    foreach {number line} $lines {
        if {[catch {statement $line} message]} {
            set why "line $number: $message"
            break
        }
    }
    foreach object [dict values $::variables] {
        catch {$object destroy}
    }
    set left [leftovers]
    if {$why eq "" && [llength $left]} {
        set why "line $number: left in /dev/shm: $left"
    }
    return $why
}

set passed 0
set failed 0
set skips 0

proc finish {title lines} {
    if {$title eq ""} {
        return
    }
    if {[regexp {^(.*?), not in ([\w. ]+): (.*)$} $title {} name languages reason]} {
        set title $name
        if {[skipped $languages]} {
            puts "skip $title: $reason"
            incr ::skips
            return
        }
    }
    set why [run $lines]
    if {$why eq ""} {
        puts "ok $title"
        incr ::passed
    } else {
        puts "not ok $title: $why"
        incr ::failed
    }
}

foreach file $argv {
    set channel [open $file]
    fconfigure $channel -encoding utf-8
    set title ""
    set lines {}
    set number 0
    while {[gets $channel line] >= 0} {
        incr number
        if {[regexp {^case (.*)$} $line {} next]} {
            finish $title $lines
            set title $next
            set lines {}
        } elseif {[string trim $line] ne "" && ![string match #* $line]} {
            lappend lines $number [string trim $line]
        }
    }
    finish $title $lines
    close $channel
}
puts "$passed passed, $failed failed, $skips skipped"
exit [expr {$failed || !$passed}]
