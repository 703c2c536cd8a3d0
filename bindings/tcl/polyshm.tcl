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
#   polyshm::segments, polyshm::version, polyshm::page_size, polyshm::with
#
# README.md has the methods of the objects.

namespace eval ::polyshm {
    namespace export ShareableList SharedMemory page_size segments version with

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

    # What a count that was left out stands for: all from $start on. A bad start is left for the core to refuse.
    proc Rest {count total start} {
        if {$count ne ""} {
            return $count
        }
        expr {[string is entier -strict $start] && $start >= 0 && $start < $total ? $total - $start : 0}
    }

    proc version {} {
        core::version
    }

    proc page_size {} {
        core::page_size
    }

    # A list of dicts: name kind size mode owner.
    proc segments {} {
        core::each_segment
    }

    # Runs a script with $object in a variable, and destroys the object however the script ends.
    proc with {varName object script} {
        set command [uplevel 1 [list ::polyshm::core::command $object]]
        upvar 1 $varName variable
        set variable $object
        catch {uplevel 1 $script} result options
        catch {core::destroy $command} ;# unless the script did
        dict incr options -level
        return -options $options $result
    }
}

namespace eval ::polyshm::SharedMemory {
    namespace path ::polyshm
    namespace export attach create new open unlink
    namespace ensemble create -prefixes 0

    proc create {args} {
        set named [expr {[llength $args] % 2 || [llength $args] && ![string match -* [lindex $args 0]]}]
        set options [Options [dict create -size [core::page_size] -mode 0600 -exclusive 1 -any_owner 0] [lrange $args $named end]]
        set flags [Flags $options]
        dict with options {}
        if {[Shared $options $named]} {
            return [core::segment_open [lindex $args 0] ${-size} ${-mode} $flags]
        }
        if {$named} {
            return [core::segment_create [lindex $args 0] ${-size} ${-mode}]
        }
        core::segment_create_unnamed ${-size} ${-mode}
    }

    proc attach {name args} {
        set options [Options {-readonly 0 -any_owner 0 -timeout 0} $args]
        core::segment_attach $name [Flags $options] [dict get $options -timeout]
    }

    proc open {name args} {
        set options [Options [dict create -size [core::page_size] -mode 0600 -any_owner 0] $args]
        core::segment_open $name [dict get $options -size] [dict get $options -mode] [Flags $options]
    }

    proc unlink {name} {
        core::segment_unlink_name $name
    }

    # CPython's constructor: attaches, or creates what then needs a size.
    proc new {args} {
        set options [Options {-name {} -create 0 -size 0} $args]
        dict with options {}
        if {[Truth $options -create]} {
            return [create {*}[expr {[dict exists $args -name] ? [list ${-name}] : {}}] -size ${-size}]
        }
        if {![dict exists $args -name]} {
            Misuse ARGUMENT "new: a name is needed, or -create 1"
        }
        attach ${-name}
    }
}

namespace eval ::polyshm::ShareableList {
    namespace path ::polyshm
    namespace export attach create new open unlink
    namespace ensemble create -prefixes 0

    # Options come in pairs, so the name is there if the words are even.
    proc create {args} {
        if {![llength $args]} {
            return -code error -errorcode {TCL WRONGARGS} \
                {wrong # args: should be "polyshm::ShareableList create ?name? items ?option value ...?"}
        }
        set named [expr {[llength $args] % 2 == 0}]
        set items [lindex $args $named]
        set options [Options {-reserve {} -mode 0600 -exclusive 1 -any_owner 0} [lrange $args $named+1 end]]
        set flags [Flags $options]
        dict with options {}
        if {[Shared $options $named]} {
            return [core::list_open [lindex $args 0] $items ${-reserve} ${-mode} $flags]
        }
        if {$named} {
            return [core::list_create [lindex $args 0] $items ${-reserve} ${-mode}]
        }
        core::list_create_unnamed $items ${-reserve} ${-mode}
    }

    proc attach {name args} {
        set options [Options {-readonly 0 -any_owner 0 -timeout 0} $args]
        core::list_attach $name [Flags $options] [dict get $options -timeout]
    }

    proc open {name items args} {
        set options [Options {-reserve {} -mode 0600 -any_owner 0} $args]
        core::list_open $name $items [dict get $options -reserve] [dict get $options -mode] [Flags $options]
    }

    proc unlink {name} {
        core::segment_unlink_name $name
    }

    # CPython's constructor: attaches if there is a name and nothing else.
    proc new {args} {
        set options [Options {-sequence {} -name {}} $args]
        dict with options {}
        set named [dict exists $args -name]
        if {$named && ![dict exists $args -sequence]} {
            return [attach ${-name}]
        }
        create {*}[expr {$named ? [list ${-name}] : {}}] ${-sequence}
    }
}

# ---- the methods that take options or defaults: the object's command calls them with itself ----

# tailcall: names of objects mean what they mean to the caller.
namespace eval ::polyshm::SharedMemory::method {
    namespace path ::polyshm

    proc read {self {offset 0} {length {}}} {
        tailcall ::polyshm::core::SharedMemory_read $self $offset [Rest $length [$self size] $offset]
    }

    proc fill {self {byte 0} {offset 0} {length {}}} {
        tailcall ::polyshm::core::SharedMemory_fill $self $byte $offset [Rest $length [$self size] $offset]
    }

    proc copy {self source {offset 0} {length {}} {source_offset 0}} {
        set size [uplevel 1 [list ::polyshm::core::SharedMemory_size $source]]
        tailcall ::polyshm::core::SharedMemory_copy $self $source $offset [Rest $length $size $source_offset] $source_offset
    }

    proc view {self dtype args} {
        set options [Options {-offset 0 -count -1} $args]
        core::SharedMemory_view $self $dtype [dict get $options -offset] [dict get $options -count]
    }
}

namespace eval ::polyshm::View::method {
    namespace path ::polyshm

    proc list {self {index 0} {count {}}} {
        core::View_list $self $index [Rest $count [$self count] $index]
    }

    proc assign {self elements {index 0}} {
        core::View_assign $self $index $elements
    }

    proc fill {self value {index 0} {count {}}} {
        core::View_fill $self $value $index [Rest $count [$self count] $index]
    }

    # foreach over what the view holds now.
    proc each {self varName script} {
        tailcall ::foreach $varName [core::View_list $self 0 [$self count]] $script
    }
}

# A proc that is called list, set or format here hides Tcl's own.
namespace eval ::polyshm::ShareableList::method {
    namespace path ::polyshm

    proc list {self {index 0} {count {}}} {
        core::ShareableList_list $self $index [Rest $count [$self length] $index]
    }

    proc items {self {index 0} {count {}}} {
        core::ShareableList_items $self $index [Rest $count [$self length] $index]
    }

    proc assign {self items {index 0}} {
        core::ShareableList_assign $self $index $items
    }

    # Without a kind the object's command serves it: the item keeps its own.
    proc set {self index ?kind? value} {
        core::list_set_item $self $index [::list ${?kind?} $value]
    }

    proc count {self kind {value {}}} {
        core::ShareableList_count $self [::list $kind $value]
    }

    proc index {self kind {value {}}} {
        core::ShareableList_index $self [::list $kind $value]
    }

    # All formats, as CPython's list has them.
    proc format {self} {
        ::set formats ""
        for {::set i 0} {$i < [$self length]} {incr i} {
            append formats [core::ShareableList_format $self $i]
        }
        return $formats
    }

    # foreach over what the list holds now.
    proc each {self varName script} {
        tailcall ::foreach $varName [core::ShareableList_list $self 0 [$self length]] $script
    }
}
