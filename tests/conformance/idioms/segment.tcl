# Segments in Tcl: byte arrays and text, octal modes, names.
source [file join [file dirname [info script]] support.tcl]

# ---- bytes ----

check bytes-binary "byte arrays go in and out as they are" {
    set bytes [binary format c* [lmap i [lrepeat 256 0] {incr n}]]
    $shm write 7 $bytes
    set back [$shm read 7 256]
    list [string equal $back $bytes] [string length $back] [binary scan $back H4 hex] $hex
} {1 256 1 0102}

check bytes-text "text of characters up to U+00FF is bytes, whatever was done to it before" {
    set text "caf\u00e9"
    string length $text
    $shm write 0 $text
    $shm write 8 [encoding convertto utf-8 $text]
    binary scan [$shm read 0 4][$shm read 8 5] H* hex
    set hex
} 636166e9636166c3a9

check bytes-wide "a character above U+00FF is no byte, also where Tcl has made a byte array of it already" {
    set text "a\u20ac"
    catch {binary scan $text H* hex}
    list [fails {$shm write 0 $text}] [fails {$shm write 0 "\u0100"}] [$shm read 0 2]
} [list {POLYSHM TYPE} {POLYSHM TYPE} \0\0]

check bytes-much "many bytes go in steps, and none is lost" {
    set size [expr {80 << 20}]
    set much [polyshm::SharedMemory create ${prefix}b -size $size]
    $much write 0 [string repeat \x01\x02 [expr {$size / 2}]]
    set found [list [binary scan [$much read [expr {$size - 4}] 4] H* hex] $hex]
    $much copy $much 1 [expr {$size - 1}] 0
    lappend found [string equal [$much read 1 [expr {$size - 2}]] [string repeat \x01\x02 [expr {$size / 2 - 1}]]]
    $much fill 3
    lappend found [string equal [$much read] [string repeat \x03 $size]]
    $much unlink
    $much destroy
    set found
} {1 01020102 1 1}

check bytes-number "a number is written as its text" {
    $shm write 0 [expr {6 * 7}]
    $shm read 0 2
} 42

check bytes-offset "one word as offset and as data" {
    set word 5
    $shm write $word $word
    $shm read 5 1
} 5

check bytes-rest "what is left out is the rest" {
    list [string length [$shm read]] [string length [$shm read 4000]] [string length [$shm read 4096]] [llength [$view list 90]] \
        [fails {$shm read 4097}] [fails {$shm read -1}] [fails {$shm read 0 {}}] [fails {$shm read 9223372036854775808}]
} {4096 96 0 10 {POLYSHM INDEX} {POLYSHM INDEX} {POLYSHM TYPE} {POLYSHM RANGE}}

# ---- modes and names ----

check numbers-mode "a mode is octal in every Tcl" {
    set modes {}
    foreach mode [list 0640 0o640 00640 416 [expr {0o640}] 000000000000000000000000000000000640] {
        set other [polyshm::SharedMemory create ${prefix}m -mode $mode]
        $other destroy
        lappend modes [dict get [lsearch -inline [polyshm::segments] *${prefix}m*] mode]
        polyshm::SharedMemory unlink ${prefix}m
    }
    lsort -unique $modes
} 416

check numbers-bad-mode "a mode that is none" {
    set codes {}
    foreach mode {640 01000 0o 08 0o8 0x x {} 1.5 -1 00001000000000000000000000000000} {
        lappend codes [lindex [fails {polyshm::SharedMemory create ${prefix}m -mode $mode}] 1]
    }
    set codes
} {RANGE RANGE TYPE TYPE TYPE TYPE TYPE TYPE TYPE RANGE RANGE}

check segments "segments are dicts" {
    set found [lsearch -inline [polyshm::segments] *${prefix}a*]
    list [dict keys $found] [string map [list $prefix {}] [dict get $found name]] [dict get $found size] [format %o [dict get $found mode]]
} {{name kind size mode owner} a 4096 600}

check name-text "a name is text: UTF-8 in the file system, whatever the locale" {
    shell "printf data > /dev/shm/'${prefix}\u00e9\u20ac'"
    set other [polyshm::SharedMemory attach ${prefix}\u00e9\u20ac]
    set found [list [string equal [$other name] ${prefix}\u00e9\u20ac] [$other read]]
    $other unlink
    $other destroy
    lappend found [names]
} {1 data 1}

end_tests
