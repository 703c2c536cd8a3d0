# Lists in Tcl: items with and without their kinds, words of several types, each.
source [file join [file dirname [info script]] support.tcl]

# check_list NAME DESCRIPTION BODY RESULT: a check that has $l, a list with one item of each kind, its text in slots of 16.
proc check_list {name description body result} {
    check $name $description "
        set l \[polyshm::ShareableList create \${prefix}l {
            {int 42} {float 1.5} {bool 1} none {str caf\u00e9} {bytes \u00ff\u0001}
        } -reserve 16]
        catch {$body} result options
        catch {polyshm::core::destroy \$l}
        return -options \$options \$result
    " $result
}

check_list list-kinds "items come back as values, or with their kinds" {
    list [$l list] [$l items] [lmap i {0 1 2 3 4 5} {$l kind $i}]
} [list [list 42 1.5 1 {} caf\u00e9 \u00ff\u0001] [list {int 42} {float 1.5} {bool 1} none [list str caf\u00e9] [list bytes \u00ff\u0001]] \
       {int float bool none str bytes}]

check_list list-again "what items gives makes the same list again" {
    set other [polyshm::ShareableList create ${prefix}m [$l items] -reserve 16]
    $l assign [$other items]
    set same [list [string equal [$other items] [$l items]] [exec cmp /dev/shm/${prefix}l /dev/shm/${prefix}m]]
    $other destroy
    set same
} {1 {}}

check_list list-set "set keeps an item's kind, and changes it if it is told one" {
    $l set 0 7
    $l set 1 2
    $l set 2 no
    $l set 4 12
    $l set 5 34
    set kept [$l items]
    $l set 0 str 12
    $l set 1 bytes 34
    $l set 2 none
    $l set 3 bool false
    $l set 4 none {}
    $l set 5 float -0.0
    list $kept [$l items]
} {{{int 7} {float 2.0} {bool 0} none {str 12} {bytes 34}} {{str 12} {bytes 34} none {bool 0} none {float -0.0}}}

check_list list-set-fails "a set that cannot keep the kind, or hold the value, leaves the item" {
    set before [$l items]
    set codes {}
    foreach words {
        {0 1.5} {0 x} {0 {}} {0 9223372036854775808} {0 99999999999999999999} {1 x} {1 9007199254740993} {2 2} {2 maybe} {2 NaN} {3 x} {4 none} {5 none}
        {5 \u20ac} {4 12345678901234567} {4 str a\u0000} {0 uint 1} {0 {int 1} 1} {0 int {}} {0 none 1} {0 bool {}} {-7 1} {6 1} {x 1}
    } {
        lappend codes [lindex [fails {$l set {*}[subst -nocommands -novariables $words]}] 1]
    }
    list $codes [string equal [$l items] $before]
} {{TYPE TYPE TYPE RANGE RANGE TYPE RANGE TYPE TYPE TYPE TYPE ARGUMENT ARGUMENT TYPE RANGE ARGUMENT TYPE TYPE TYPE TYPE TYPE INDEX INDEX TYPE} 1}

check_list list-words "errors say what is wrong" {
    set told {}
    foreach call {{$l get 6} {$l set 4 12345678901234567} {$l set 0 uint 1} {$l set 0 9223372036854775808} {$l set 3 x} {$l set 4 none}
                  {$l assign {{int 1} 2}} {$l set 0} {$l list 1 2 3} {$l count} {polyshm::ShareableList create}} {
        lappend told [string map [list $prefix {} $l LIST] [says $call]]
    }
    join $told \n
} {get "l": index 6 is outside a list of 6 items, which count from 0
set "l": item 4: text of 17 bytes exceeds available storage: its slot has 16
"uint" is no item: {int n} {float x} {bool b} {str text} {bytes data} and none are
set "l": item 0: 9223372036854775808 is outside int64, which a list's integers are
set: the item is none: say of which kind "x" is
set: say "str none" for the word, or "none {}" for no value
item 1: "2" is no item: {int n} {float x} {bool b} {str text} {bytes data} and none are
wrong # args: should be "LIST set index kind_or_value ?value?"
wrong # args: should be "LIST list ?index? ?count?"
wrong # args: should be "LIST count kind ?value?"
wrong # args: should be "polyshm::ShareableList create ?name? items ?option value ...?"}

check_list list-no-items "lists that are none, and items that are none" {
    set codes {}
    foreach items [list "\{" 5 {{}} {{int}} {{int 1 2}} {{Int 1}} {{none 1}} {{"}} "{int \{}" {{bool 1.5}} {{float {}}}] {
        lappend codes [lindex [fails {polyshm::ShareableList create ${prefix}m $items}] 1]
    }
    list [lsort -unique $codes] [llength $codes] [file exists /dev/shm/${prefix}m]
} {TYPE 11 0}

check_list list-reserve "reserve is a number, or one for each" {
    set codes {}
    foreach reserve {x 1.5 {1 x} {1 2 3} -1 10000000 9223372036854775808 "\{"} {
        lappend codes [lindex [fails {polyshm::ShareableList create ${prefix}m {{str a} {int 1}} -reserve $reserve}] 1]
    }
    set other [polyshm::ShareableList create ${prefix}m {{str a} {int 1}} -reserve {9 17}]
    lappend codes [$other capacity 0] [$other capacity 1] [$l capacity 0] [$l capacity 4]
    $other destroy
    set codes
} {TYPE TYPE TYPE ARGUMENT RANGE RANGE RANGE TYPE 16 24 8 16}

check_list list-shared-word "one word as bytes, as a number, as text, as an item and as an option" {
    set word 24
    set pair {bytes 24}
    set other [polyshm::ShareableList create ${prefix}m [list [list bytes $word] [list int $word] [list str $word] [list bytes $word] \
                                                             [list bytes $pair] $pair [list str $pair]] -reserve $word]
    set found [list [$other items] [$other capacity 0]]
    $other destroy
    set found
} {{{bytes 24} {int 24} {str 24} {bytes 24} {bytes {bytes 24}} {bytes 24} {str {bytes 24}}} 24}

check_list list-text "text is UTF-8 there: NUL, and what lies above U+FFFF; half a pair is none" {
    set astral [encoding convertfrom utf-8 \xf0\x9f\x98\x80]
    $l set 4 a\u0000\u20ac${astral}z
    set under [$l shm]
    binary scan [$under read 96 16] H* hex
    set found [list [string equal [$l get 4] a\u0000\u20ac${astral}z] $hex [$l index str a\u0000\u20ac${astral}z] [fails {$l set 4 \ud83dx}]]
    $under destroy
    set found
} {1 6100e282acf09f98807a000000000000 4 {POLYSHM ARGUMENT}}

check_list list-long "text and bytes that are longer than a small buffer" {
    set text [string repeat \u20ac 1000]
    set bytes [string repeat \u00ff 3000]
    set other [polyshm::ShareableList create ${prefix}m [list [list str $text] [list bytes $bytes]]]
    set found [list [string equal [$other get 0] $text] [string equal [$other get 1] $bytes] [$other kind 1] \
                   [string equal [$other list] [list $text $bytes]] [$other index bytes $bytes] [$other count str $text]]
    $other set 0 x
    lappend found [$other get 0] [$other list 0 1]
    $other destroy
    set found
} {1 1 bytes 1 1 1 x x}

check_list list-search "count and index tell kinds apart, and numbers by their value only" {
    $l assign {{str 42}} 4
    list [$l count int 42] [$l index float 42] [$l index str 42] [$l index none] [$l index bool 1] [$l count bytes 42] [$l index str {}] \
        [fails {$l count 42}] [fails {$l index none 42}]
} {1 0 4 3 2 0 -1 {POLYSHM TYPE} {POLYSHM TYPE}}

check_list list-each "each is foreach over what was there at its start" {
    set seen {}
    $l each x {
        if {$x eq "1.5"} continue
        if {$x eq ""} break
        lappend seen $x
        $l set 2 0
    }
    set seen
} {42 1}

check_list list-range "parts, from an index on" {
    list [$l list 1 2] [$l items 3 1] [$l list 6] [fails {$l list 7}] [fails {$l list -1}] [fails {$l items 0 7}] [fails {$l list 0 {}}] \
        [fails {$l list 9223372036854775808}]
} {{1.5 1} none {} {POLYSHM INDEX} {POLYSHM INDEX} {POLYSHM INDEX} {POLYSHM TYPE} {POLYSHM RANGE}}

check_list list-scope "with closes it; the object of its segment keeps the memory, and closes with the list" {
    polyshm::with other [polyshm::ShareableList attach ${prefix}l -readonly 1] {
        set codes [list [fails {$other set 0 1}] [fails {$other assign {{int 1}}}] [fails {$other set 0 x}] [$other get -6]]
    }
    lappend codes [info commands $other]
    set under [$l shm]
    set other [$l shm]
    rename $l {}
    lappend codes [$under get_value int64 64]
    $under close
    lappend codes [$other closed]
    $under destroy
    $other destroy
    lappend codes [objects]
} {{POLYSHM READONLY} {POLYSHM READONLY} {POLYSHM TYPE} 42 {} 42 1 2}

check_list list-closed "every method of a closed list" {
    $l close
    set codes {}
    foreach call {{$l get 0} {$l set 0 1} {$l set 0 int 1} {$l set 0 none} {$l list} {$l items} {$l assign {{int 1}}} {$l count int 1}
                  {$l index none} {$l kind 0} {$l format} {$l format 0} {$l each x {}} {$l list 0 0}} {
        lappend codes [fails $call]
    }
    list [lsort -unique $codes] [$l length] [$l closed] [$l capacity 4]
} {{{POLYSHM CLOSED}} 6 1 16}

check_list list-objects "an object of another class, and what is no object" {
    set codes {}
    foreach object [list $shm $view _deadbeef_p_polyshm_list {} ::polyshm::ShareableList0 puts] {
        foreach call {{polyshm::core::ShareableList_get $object 0} {polyshm::core::ShareableList_set $object 0 none {}}
                      {polyshm::core::ShareableList_list $object 0 1} {polyshm::core::ShareableList_count $object none}} {
            lappend codes [fails $call]
        }
    }
    lappend codes [fails {polyshm::core::View_get $l 0}] [fails {$shm copy $l}]
    list [lsort -unique $codes] [info commands ::polyshm::core::ShareableList]
} {{{POLYSHM TYPE}} {}}

check_list list-not "what is no list" {
    [polyshm::SharedMemory create ${prefix}t -size 8] destroy
    list [fails {polyshm::ShareableList attach ${prefix}t}] [string map [list $prefix {}] [says {polyshm::ShareableList attach ${prefix}t}]]
} {{POLYSHM CORRUPT} {attach "t": it is no list: the shortest list has 16 bytes, and this has 8}}

check_list list-new "CPython's constructor" {
    set made [list [polyshm::ShareableList new -sequence {{int 1}} -name ${prefix}m] [polyshm::ShareableList new -name ${prefix}m] \
                  [polyshm::ShareableList new -sequence {{str a}}] [polyshm::ShareableList new]]
    set found [lmap each $made {$each list}]
    lappend found [fails {polyshm::ShareableList new -sequence {} -name ${prefix}m}] [fails {polyshm::ShareableList new -size 1}]
    [lindex $made 2] unlink
    [lindex $made 3] unlink
    foreach each $made {
        $each destroy
    }
    set found
} {1 1 a {} {POSIX EEXIST} {POLYSHM ARGUMENT}}

check_list list-exclusive "exclusive, open and options" {
    set other [polyshm::ShareableList create ${prefix}l {{int 1}} -exclusive 0]
    set found [list [$other get 0] [fails {polyshm::ShareableList create {{int 1}} -exclusive 0}] \
                   [fails {polyshm::ShareableList create ${prefix}l {{int 1}}}] [says {polyshm::ShareableList open ${prefix}m {} -sise 1}]]
    $other destroy
    set found
} {42 {POLYSHM ARGUMENT} {POSIX EEXIST} {unknown option "-sise": the options are -reserve, -mode, -any_owner}}

end_tests
