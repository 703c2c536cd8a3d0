# polyshm.tcl: the facade. The module makes the objects and does all the work; here is what Tcl users expect around it:
# options, defaults, and scopes.
#
#   polyshm::SharedMemory create ?name? ?-size n? ?-mode 0600? ?-exclusive bool? ?-any_owner bool?
#   polyshm::SharedMemory attach name ?-readonly bool? ?-any_owner bool? ?-timeout seconds?
#   polyshm::SharedMemory open name ?-size n? ?-mode 0600? ?-any_owner bool?
#   polyshm::SharedMemory new ?-name name? ?-create bool? ?-size n?
#   polyshm::SharedMemory unlink name
#   polyshm::ShareableList create ?name? items ?-reserve n? ?-mode 0600? ?-exclusive bool? ?-any_owner bool?
#   polyshm::ShareableList attach name ?-readonly bool? ?-any_owner bool? ?-timeout seconds?
#   polyshm::ShareableList open name items ?-reserve n? ?-mode 0600? ?-any_owner bool?
#   polyshm::ShareableList new ?-sequence items? ?-name name?
#   polyshm::ShareableList unlink name
#   polyshm::Lock, polyshm::Semaphore (which has -count n), polyshm::Event:
#       create ?name? ?-mode 0600? ?-exclusive bool? ?-any_owner bool?
#       attach name ?-any_owner bool? ?-timeout seconds?
#       open name ?-mode 0600? ?-any_owner bool?
#       unlink name
#   polyshm::segments, polyshm::version, polyshm::page_size, polyshm::directory, polyshm::set_directory path
#   polyshm::with varName object ?-timeout seconds? script: the module's, as it is here
#
# README.md has the methods of the objects.

namespace eval ::polyshm {
    namespace export directory page_size segments set_directory version with

    proc Misuse {code message} {
        return -code error -errorcode [list POLYSHM $code] $message
    }

    # The values of $options, a dict with the defaults, after the given ones have been laid over them.
    proc Options {options given} {
        foreach {option value} $given {
            if {![dict exists $options $option]} {
                Misuse ARGUMENT "unknown option \"$option\": the options are [join [dict keys $options] {, }]"
            }
            dict set options $option $value
        }
        if {[llength $given] % 2} {
            Misuse ARGUMENT "option \"$option\" needs a value"
        }
        return $options
    }

    proc Truth {options option} {
        set value [dict get $options $option]
        if {![string is boolean -strict $value]} {
            Misuse TYPE "option \"$option\" needs a boolean, not \"$value\""
        }
        return [expr {!!$value}]
    }

    proc Flags {options} {
        set flags 0
        foreach {option flag} [list -readonly $core::FLAG_READONLY -any_owner $core::FLAG_ANY_OWNER] {
            if {[dict exists $options $option] && [Truth $options $option]} {
                incr flags $flag
            }
        }
        return $flags
    }

    # Whether create is to attach where the name exists.
    proc Shared {options named} {
        if {[Truth $options -exclusive]} {
            return 0
        }
        if {!$named} {
            Misuse ARGUMENT "create: a name is needed, or -exclusive 1"
        }
        return 1
    }

    proc version {} {
        core::version
    }

    proc page_size {} {
        core::page_size
    }

    # Where the names are.
    proc directory {} {
        core::directory
    }

    # Another directory than /dev/shm, before the first use of a name.
    proc set_directory {path} {
        core::set_directory $path
    }

    # A list of dicts: name kind size mode owner.
    proc segments {} {
        core::each_segment
    }

    # ---- the verbs of all classes: $type is the core's word for the class, $own its own options with their defaults, and
    # $contents words that the core takes before those ----

    # Options come in pairs: an odd word is the name. Without one the core makes a name.
    proc Create {type own contents args} {
        set named [expr {[llength $args] % 2 || [llength $args] && ![string match -* [lindex $args 0]]}]
        set options [Options [dict merge $own {-mode 0600 -exclusive 1 -any_owner 0}] [lrange $args $named end]]
        set flags [Flags $options]
        set words [list {*}$contents {*}[lmap option [dict keys $own] {dict get $options $option}] [dict get $options -mode]]
        if {[Shared $options $named]} {
            return [core::${type}_open [lindex $args 0] {*}$words $flags]
        }
        core::${type}_create [expr {$named ? [lindex $args 0] : $core::unnamed}] {*}$words
    }

    proc Open {type own contents name args} {
        set options [Options [dict merge $own {-mode 0600 -any_owner 0}] $args]
        set words [list {*}$contents {*}[lmap option [dict keys $own] {dict get $options $option}] [dict get $options -mode]]
        core::${type}_open $name {*}$words [Flags $options]
    }

    proc Attach {type own name args} {
        set options [Options [dict merge $own {-any_owner 0 -timeout 0}] $args]
        core::${type}_attach $name [Flags $options] [dict get $options -timeout]
    }

    # CPython's constructor: attaches, or creates what then needs a size.
    proc NewSharedMemory {args} {
        set options [Options {-name {} -create 0 -size 0} $args]
        dict with options {}
        if {[Truth $options -create]} {
            return [SharedMemory create {*}[expr {[dict exists $args -name] ? [list ${-name}] : {}}] -size ${-size}]
        }
        if {![dict exists $args -name]} {
            Misuse ARGUMENT "new: a name is needed, or -create 1"
        }
        SharedMemory attach ${-name}
    }

    # ?name? contents ?option value ...?: the name is there if the words are even.
    proc CreateContents {class type own args} {
        if {![llength $args]} {
            return -code error -errorcode {TCL WRONGARGS} \
                "wrong # args: should be \"polyshm::$class create ?name? items ?option value ...?\""
        }
        set at [expr {[llength $args] % 2 == 0}]
        Create $type $own [lrange $args $at $at] {*}[lreplace $args $at $at]
    }

    proc OpenContents {type own name items args} {
        Open $type $own [list $items] $name {*}$args
    }

    # CPython's constructor: attaches if there is a name and nothing else.
    proc NewShareableList {args} {
        set options [Options {-sequence {} -name {}} $args]
        dict with options {}
        set named [dict exists $args -name]
        if {$named && ![dict exists $args -sequence]} {
            return [ShareableList attach ${-name}]
        }
        ShareableList create {*}[expr {$named ? [list ${-name}] : {}}] ${-sequence}
    }

    # ---- the classes, as the module tells of them: core::facts has rows of type, fact, word and number ----

    proc Class {type facts} {
        set own {}
        set class [dict get $facts class]
        foreach {option number} [dict get $facts option] {
            dict set own -$option $number
        }
        set attach [expr {[dict exists $facts readonly] ? {-readonly 0} : {}}]
        set verbs [list attach [list ::polyshm::Attach $type $attach] unlink ::polyshm::core::segment_unlink_name]
        if {[dict exists $facts contents]} {
            lappend verbs create [list ::polyshm::CreateContents $class $type $own] open [list ::polyshm::OpenContents $type $own]
        } else {
            lappend verbs create [list ::polyshm::Create $type $own {}] open [list ::polyshm::Open $type $own {}]
        }
        if {[llength [info commands ::polyshm::New$class]]} {
            lappend verbs new ::polyshm::New$class
        }
        namespace ensemble create -command ::polyshm::$class -prefixes 0 -map $verbs
        namespace export $class
    }

    # foreach over what a sequence holds now, in each class of them.
    proc Each {self varName script} {
        tailcall ::foreach $varName [$self list] $script
    }

    # Tells the core which methods are not its own: procs below, and for what is taken a try.
    proc Methods {type facts} {
        set class [dict get $facts class]
        if {[dict exists $facts sequence]} {
            namespace eval ::polyshm::${class}::method {}
            interp alias {} ::polyshm::${class}::method::each {} ::polyshm::Each
        }
        foreach proc [info commands ::polyshm::${class}::method::*] {
            core::adopt $class [namespace tail $proc]
        }
        if {[dict exists $facts take]} {
            core::adopt $class try_[dict get $facts take] try
        }
    }

    # A dict of the facts of each type.
    proc Facts {} {
        set all {}
        foreach row $core::facts {
            lassign $row type fact word number
            if {![dict exists $all $type]} {
                dict set all $type {option {}}
            }
            if {$fact eq "option"} {
                dict set all $type option [list {*}[dict get $all $type option] $word $number]
            } else {
                dict set all $type $fact $word
            }
        }
        return $all
    }
}

# ---- the methods that take options or defaults: the object's command calls them with itself ----

namespace eval ::polyshm::SharedMemory::method {
    namespace path ::polyshm

    proc view {self dtype args} {
        set options [Options {-offset 0 -count -1} $args]
        core::SharedMemory_view $self $dtype [dict get $options -offset] [dict get $options -count]
    }
}

namespace eval ::polyshm::ShareableList::method {
    namespace path ::polyshm

    # An item's format, or all of them, as CPython's list has them. A proc that is called format here hides Tcl's own.
    proc format {self {index {}}} {
        if {$index ne ""} {
            return [core::ShareableList_format $self $index]
        }
        set formats ""
        for {set i 0} {$i < [$self length]} {incr i} {
            append formats [core::ShareableList_format $self $i]
        }
        return $formats
    }
}

apply {{} {
    dict for {type facts} [Facts] {
        Methods $type $facts
        if {[dict exists $facts named]} {
            Class $type $facts
        }
    }
} ::polyshm}
