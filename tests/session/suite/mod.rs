//! What a session promises, held on the embedded store, on a real memcached, and on one through
//! the classic client.

mod ancestors;
mod commit;
mod conflicts;
mod current;
mod explained;
mod failures;
mod guards;
mod hits;
mod hooks;
mod keys;
mod links;
mod merging;
mod overtaken;
mod refused;
mod retries;
mod rollbacks;
mod savepoints;
mod snapshots;
mod transactions;
mod unusable;
mod updates;
mod verifying;

use memdict_tests::Bench;

macro_rules! suite {
    ($($group:ident { $($behaviour:ident)* })*) => {
        mod memory {
            $($(#[test] fn $behaviour() {
                super::$group::$behaviour(&memdict_tests::Bench::on_memory());
            })*)*
        }

        mod memcached {
            $($(#[test] fn $behaviour() {
                super::$group::$behaviour(&memdict_tests::Bench::on_memcached());
            })*)*
        }

        mod classic {
            $($(#[test] fn $behaviour() {
                super::$group::$behaviour(&memdict_tests::Bench::on_classic());
            })*)*
        }
    };
}

/// What a test of a session does: it fails by an error or by an assertion.
type Outcome = memdict::Result<()>;

/// Runs a test's body and shows its error.
fn hold(bench: &Bench, body: impl FnOnce(&Bench) -> Outcome) {
    body(bench).unwrap_or_else(|error| panic!("{error} ({error:?})"));
}

suite! {
    commit {
        of_100_loaded_and_1_changed_1_storage_command_is_sent
        a_session_that_only_reads_sends_nothing
        the_same_value_assigned_sends_nothing_also_with_a_hash_map_inside
        a_change_at_any_depth_is_written
        what_is_changed_and_changed_back_is_not_written
        inserted_is_overwritten_without_a_read_and_compared_after_one
        removed_is_deleted_and_inserted_after_that_replaces
        a_session_that_is_dropped_or_rolled_back_writes_nothing
        the_report_names_every_key
        values_that_are_one_part_are_entries_as_well
        a_vanished_value_is_recreated
        lives_are_those_of_the_definition_that_wrote
        many_entries_are_written_in_one_commit
    }
    guards {
        two_reads_of_one_key_see_one_object
        a_key_in_two_guards_is_already_borrowed
        one_name_with_two_types_is_the_wrong_type
        an_unused_guard_of_a_removed_key_leaves_it_removed
        entries_work_as_in_a_hash_map
        changed_fields_compares_with_what_was_loaded
        reverting_gives_back_what_was_loaded_or_nothing
        a_guard_is_cloned_by_name_and_its_value_by_clone
        an_occupied_entry_is_changed_in_place_or_replaced
        a_leaked_guard_is_still_borrowed_at_commit
        a_panic_while_changing_poisons_and_one_while_reading_does_not
        debug_shows_keys_and_never_values
        guards_work_across_threads
        many_are_read_in_the_order_asked_with_one_load_each
    }
    failures {
        a_store_that_is_down_reads_as_a_miss_and_loses_writes_with_a_report
        a_strict_cache_makes_errors_of_both
        a_value_above_the_limit_is_refused_alone_and_takes_the_old_one_with_it
        a_value_above_the_limit_leaves_what_somebody_else_stored
        a_value_that_does_not_encode_keeps_the_whole_commit_back
        a_lost_acknowledgement_is_told_by_the_nonce
        a_change_that_was_not_applied_is_sent_once_more
        what_stays_unknown_is_lost_and_not_transient
        a_miss_for_a_store_that_was_down_never_overwrites
        every_single_fault_leaves_a_report_that_agrees_with_the_store
    }
    transactions {
        somebody_elses_change_is_a_conflict_that_names_the_key
        a_key_created_by_two_is_a_conflict_for_the_second
        a_conflict_runs_a_transaction_once_more
        a_conflict_after_a_partial_write_is_not_run_again
        an_error_of_the_body_is_not_run_again_and_writes_nothing
        a_panic_in_the_body_writes_nothing_and_goes_on
        hooks_see_the_report_and_stop_nobody
        counters_count_what_happened
    }
    unusable {
        damaged_bytes_are_a_miss_and_are_replaced_at_the_first_try
        a_foreign_value_is_a_miss_and_can_be_removed
        another_schema_is_a_miss_and_a_counter
        what_replaces_an_unusable_value_replaces_exactly_that_one
        two_hundred_thousand_small_numbers_come_back
    }
    keys {
        long_and_unsafe_keys_work_and_never_meet
        namespaces_keep_caches_apart
        a_key_that_is_too_long_is_an_error
    }
    links {
        a_link_is_stored_as_name_and_key_and_never_as_what_it_leads_to
        what_a_link_leads_to_is_the_object_that_its_dictionary_has
        a_target_that_was_lost_is_a_miss
        links_may_go_in_a_circle_or_to_themselves
        a_link_may_be_an_entry
        many_targets_are_loaded_in_one_batch_by_their_keys
        a_link_that_is_set_to_an_equal_one_is_not_touched
        a_link_to_a_name_of_another_type_is_the_wrong_type
        what_only_links_to_a_type_that_has_changed_is_still_read
        a_stored_link_to_anywhere_is_a_miss_or_the_error_of_a_key
        a_link_leads_into_the_namespace_of_the_cache_that_follows_it
        a_target_that_was_followed_is_written_with_the_options_of_its_definition
    }
    savepoints {
        a_rollback_gives_values_and_flags_back
        a_rollback_gives_new_and_removed_entries_back
        what_was_removed_and_inserted_since_is_what_it_was
        a_rollback_to_before_a_change_leaves_nothing_to_send
        what_was_first_loaded_since_stays_loaded
        savepoints_nest_and_each_is_good_for_many_rollbacks
        a_later_savepoint_is_invalid_after_a_rollback_to_an_earlier_one
        a_savepoint_of_another_session_is_invalid
        fields_that_are_not_stored_come_back_as_their_default
        an_untracked_change_made_before_the_savepoint_comes_back
        the_lifetime_of_what_was_written_before_comes_back
        a_transaction_can_be_rolled_back_in_part_and_run_again
        hooks_survive_a_rollback
        threads_change_one_session_after_a_savepoint
    }
    snapshots {
        an_entry_that_is_not_touched_costs_nothing
        a_value_that_cannot_be_kept_is_not_handed_out_and_all_else_goes_on
        what_does_not_decode_is_poisoned_and_everything_else_is_back
        an_entry_that_was_poisoned_since_is_healed
        an_entry_whose_guard_was_leaked_since_is_free_again
    }
    ancestors {
        a_nested_change_is_seen_and_written
        what_is_changed_after_an_abort_is_written
        a_rollback_to_a_savepoint_really_rolls_back
        an_inserted_value_is_read_and_overwritten_in_one_session
        a_value_is_one_object_until_the_commit_and_an_equal_one_after_it
        a_removed_value_is_a_miss_before_and_after_the_commit
    }
    conflicts {
        a_changed_value_goes_by_the_policy
        what_or_insert_makes_after_a_miss_is_stored_only_if_there_is_still_nothing
        what_is_inserted_without_a_read_overwrites_whatever_is_there
        what_is_inserted_after_a_read_is_a_change_of_what_was_read
        what_is_removed_after_a_read_has_to_be_what_was_read
        what_is_removed_without_a_read_is_removed_whatever_is_there
        what_vanished_is_a_conflict_where_the_dictionary_says_so
    }
    explained {
        a_conflict_names_each_key_its_type_and_who_changed_which_fields
        a_conflict_says_in_words_what_happened
        what_is_one_part_is_changed_as_a_whole
        a_conflict_about_what_cannot_be_read_says_what_is_known
        an_error_is_transient_only_if_nothing_landed_nor_may_have
    }
    hooks {
        before_commit_sees_what_is_about_to_change_and_the_cache_is_asked_first
        a_hook_that_refuses_keeps_the_whole_commit_back
        after_commit_sees_the_report_of_a_commit_that_is_ok
        notes_are_in_the_report_of_a_conflict_as_well
        hooks_hear_of_failed_commits_and_of_rollbacks
        a_hook_that_panics_after_a_commit_stops_nobody
        a_session_knows_whether_it_has_changes
        a_doomed_session_works_to_its_end_and_writes_nothing
    }
    merging {
        changes_to_different_fields_both_stand_and_the_report_names_them
        coarse_changes_of_both_sides_stand_with_a_hash_map_between_them
        sums_add_up_what_each_side_added
        a_field_that_both_changed_without_a_rule_is_a_conflict
        a_rule_that_fails_or_panics_is_a_conflict_and_nothing_is_half_merged
        what_cannot_be_merged_leaves_the_rest_of_the_commit
        a_transaction_tries_again_what_cannot_be_merged
        what_is_removed_here_or_made_by_both_is_not_merged
        what_is_removed_there_is_as_on_vanished_says
        a_merged_value_above_the_limit_is_refused_and_theirs_stays
        what_was_stored_again_without_a_change_is_merged_with
    }
    overtaken {
        what_was_stored_again_after_a_restart_or_an_eviction_is_merged
        a_value_that_is_gone_while_it_is_merged_is_recreated
        three_writers_in_a_row_all_stand
        a_merge_that_is_overtaken_is_made_again_with_the_newer_value
        a_merged_value_in_doubt_is_told_by_its_nonce_or_sent_once_more
        values_of_an_older_type_are_merged_as_what_they_convert_to
        a_value_that_cannot_be_used_or_converted_is_a_conflict
    }
    refused {
        a_call_that_is_refused_says_which_and_in_what_state_the_entry_is
        a_commit_that_is_refused_says_in_what_state_the_entry_is
    }
    retries {
        a_transaction_is_tried_as_often_as_it_says_and_the_error_counts
        each_attempt_has_a_fresh_session
        a_strict_cache_tries_again_what_did_not_reach_the_store
        a_strict_read_that_meets_an_outage_is_tried_again_as_is_transient_says
        what_is_lost_is_tried_again_only_in_a_strict_cache
        what_may_have_landed_is_not_tried_again
        a_transaction_inside_another_is_one_of_its_own
        retries_merges_and_conflicts_are_counted
    }
    current {
        what_has_to_be_current_is_looked_at_once_before_anything_is_sent
        that_there_is_nothing_can_have_to_be_current
        a_changed_key_can_have_to_be_current_as_well
        a_session_that_writes_nothing_looks_at_nothing
        what_has_to_be_current_and_cannot_be_looked_at_is_unavailable
    }
    updates {
        an_update_changes_one_entry_and_runs_again_after_a_conflict
        an_update_can_remove_its_entry_or_leave_it
        many_updates_are_one_batch_of_loads_and_one_of_writes
        only_the_entries_in_conflict_run_again
        an_entry_in_conflict_to_the_end_is_named_and_the_others_are_written
        an_error_of_one_entry_keeps_no_other_back
        a_value_that_does_not_encode_keeps_no_other_back
        a_key_that_is_given_twice_is_changed_twice
        a_hook_that_refuses_a_batch_is_the_error_of_each_entry
        what_is_lost_is_named_and_in_a_strict_cache_an_error
        an_update_that_may_have_landed_is_not_run_again
        updates_go_by_the_rules_of_their_definition
        a_lookup_says_why_there_is_no_value
        a_dictionary_may_be_strict_alone_or_alone_not
        a_refused_change_is_an_error_where_strict
    }
    verifying {
        verify_first_looks_at_what_changes_depend_on_in_one_round_trip
        on_a_mismatch_nothing_of_the_commit_is_sent
        a_value_from_after_a_restart_is_a_mismatch
        an_empty_server_after_a_restart_is_a_mismatch_where_the_store_tells
        what_can_be_merged_or_recreated_is_no_mismatch
        what_cannot_be_looked_at_first_is_sent_only_where_its_token_is_certain
        a_number_from_before_a_restart_never_writes_over_somebody_elses_value
        a_transaction_verifies_if_several_changes_depend_on_what_is_there
        a_transaction_with_one_such_change_looks_at_nothing
        a_conflict_beside_a_blind_insert_is_tried_again
    }
}
