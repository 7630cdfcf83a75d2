//! The promises of a session, checked on the embedded store, on a real memcached, and on one
//! through the classic client; on each of them with calls that block, and in tasks.

mod ancestors;
mod belonging;
mod clear;
mod commit;
mod conflicts;
mod counted;
mod counters;
mod current;
mod explained;
mod failures;
mod fetched;
mod fetching;
mod fetching_many;
mod guards;
mod hits;
mod hooks;
mod hostile;
mod invalidating;
mod keys;
mod lifetimes;
mod links;
mod merging;
mod newer;
mod overtaken;
mod readable;
mod reentrant;
mod refused;
mod retries;
mod rollbacks;
mod savepoints;
mod snapshots;
mod tombstones;
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

        mod compressed {
            $($(#[test] fn $behaviour() {
                super::$group::$behaviour(&memdict_tests::Bench::compressed());
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

        mod given {
            $($(#[test] #[ignore = "needs a server: scripts/servers"] fn $behaviour() {
                super::$group::$behaviour(&memdict_tests::Bench::on_given());
            })*)*
        }

        mod given_in_tasks {
            $($(#[test] #[ignore = "needs a server: scripts/servers"] fn $behaviour() {
                super::$group::$behaviour(&memdict_tests::Bench::on_given().in_tasks());
            })*)*
        }

        mod memory_in_tasks {
            $($(#[test] fn $behaviour() {
                super::$group::$behaviour(&memdict_tests::Bench::on_memory().in_tasks());
            })*)*
        }

        mod memcached_in_tasks {
            $($(#[test] fn $behaviour() {
                super::$group::$behaviour(&memdict_tests::Bench::on_memcached().in_tasks());
            })*)*
        }

        mod in_classic {
            $($(#[test] fn $behaviour() {
                super::$group::$behaviour(&memdict_tests::Bench::in_classic());
            })*)*
        }

        mod in_classic_in_tasks {
            $($(#[test] fn $behaviour() {
                super::$group::$behaviour(&memdict_tests::Bench::in_classic().in_tasks());
            })*)*
        }

        mod classic_in_tasks {
            $($(#[test] fn $behaviour() {
                super::$group::$behaviour(&memdict_tests::Bench::on_classic().in_tasks());
            })*)*
        }
    };
}

/// The result of a test of a session: it fails by an error or by an assertion.
type Outcome = memdict::Result<()>;

/// Runs a test's body and shows its error.
fn hold(bench: &Bench, body: impl FnOnce(&Bench) -> Outcome) {
    body(bench).unwrap_or_else(|error| panic!("{error} ({error:?})"));
}

suite! {
    clear {
        every_value_of_a_cleared_dictionary_is_a_miss_and_no_other_one
        a_cleared_value_is_replaced_as_if_there_were_none
        a_session_that_read_before_a_clear_and_commits_after_it_is_in_conflict
        an_entry_that_has_to_be_current_is_in_conflict_once_after_a_clear
        a_miss_without_a_generation_can_have_to_be_current
        nothing_is_sent_after_a_check_that_meets_a_clear
        a_transaction_that_meets_a_clear_runs_again
        no_rule_lets_a_change_win_over_a_clear
        a_session_reads_no_value_from_before_a_clear_after_it
        a_generation_adds_no_round_trip_to_loads_and_commits
        a_lost_generation_clears_the_dictionary_and_brings_nothing_back
        a_dictionary_that_is_not_clearable_cannot_be_cleared_and_says_so
        while_the_generation_cannot_be_reached_values_are_misses_and_changes_are_lost
        a_touch_of_a_cleared_value_is_no_conflict
        a_session_that_found_no_generation_writes_nothing_into_that_of_a_later_clear
        writers_and_readers_never_read_a_value_from_before_a_clear_that_returned
    }
    commit {
        if_1_of_100_loaded_values_changes_1_storage_command_is_sent
        a_session_that_only_reads_sends_nothing
        assigning_the_same_value_sends_nothing_even_with_a_hash_map_inside
        a_change_at_any_depth_is_written
        a_value_that_is_changed_and_changed_back_is_not_written
        an_insert_overwrites_without_a_read_and_compares_after_one
        a_removed_value_is_deleted_and_a_later_insert_replaces_it
        a_session_that_is_dropped_or_rolled_back_writes_nothing
        the_report_names_every_key
        values_that_are_one_part_can_be_entries
        a_vanished_value_is_recreated
        lifetimes_are_those_of_the_definition_that_wrote
        many_entries_are_written_in_one_commit
    }
    counted {
        each_dictionary_has_counters_of_its_own_and_the_total_is_their_sum
        bytes_are_those_of_stored_values
        conflicts_attempts_and_losses_count_for_their_dictionary
        a_stale_value_and_one_that_is_being_made_are_misses_of_their_own_kind
        times_are_measured_where_a_store_may_wait
    }
    guards {
        two_reads_of_one_key_see_one_object
        a_key_in_two_guards_is_already_borrowed
        one_name_with_two_types_is_the_wrong_type
        an_unused_guard_of_a_removed_key_leaves_it_removed
        entries_work_as_in_a_hash_map
        changed_fields_compares_with_what_was_loaded
        reverting_restores_the_loaded_value_or_none
        ref_clone_clones_the_guard_and_the_method_clones_the_value
        an_occupied_entry_is_changed_in_place_or_replaced
        a_leaked_guard_is_still_borrowed_at_commit
        a_panic_while_changing_poisons_and_one_while_reading_does_not
        debug_shows_keys_and_never_values
        guards_work_across_threads
        many_values_are_read_in_the_order_of_the_keys_with_one_load_each
    }
    counters {
        each_count_is_one_round_trip_and_returns_the_servers_number
        counters_and_dictionaries_of_one_name_have_keys_of_their_own
        a_number_lives_from_its_last_count_or_from_its_first
        a_count_that_is_lost_is_an_error_that_names_the_number
        a_commit_sends_its_counts_with_its_changes_and_reports_the_numbers
        a_count_of_a_commit_that_is_lost_is_named_and_not_repeated
        threads_count_without_a_loss_and_without_a_conflict
    }
    invalidating {
        an_invalidated_value_is_loaded_by_one_caller_and_the_others_get_the_stale_one
        an_invalidation_is_sent_with_the_changes_and_the_report_names_it
        for_the_rest_of_the_session_an_invalidated_entry_has_no_value
        an_invalidation_is_never_in_conflict_and_a_change_that_it_meets_is
        an_invalidation_after_a_savepoint_is_rolled_back
        an_invalidation_that_is_lost_is_named
        a_transaction_whose_invalidation_may_have_been_made_does_not_run_again
        a_value_of_a_cleared_dictionary_or_of_a_newer_type_is_invalidated_as_well
    }
    lifetimes {
        a_touch_is_sent_with_the_changes_and_is_in_the_report
        a_touch_is_never_in_conflict_and_needs_no_check
        a_touch_after_a_savepoint_is_rolled_back
        a_touch_that_is_lost_is_named
        each_load_of_a_sliding_dictionary_begins_the_life_anew_in_its_own_round_trip
        each_fetch_of_a_sliding_dictionary_begins_the_life_anew
        a_write_keeps_the_end_of_life_where_that_is_asked
        a_single_write_can_say_how_long_its_value_lives
        a_touch_of_an_entry_that_is_borrowed_or_removed
    }
    failures {
        a_store_that_is_down_reads_as_a_miss_and_loses_writes_with_a_report
        a_strict_cache_turns_both_into_errors
        a_value_above_the_limit_is_refused_alone_and_the_old_one_is_deleted
        a_value_above_the_limit_leaves_another_sessions_value
        a_value_that_does_not_encode_stops_the_whole_commit
        a_change_whose_acknowledgement_was_lost_is_recognized_by_its_nonce
        a_change_that_was_not_applied_is_sent_once_more
        a_change_with_an_unknown_outcome_is_lost_and_not_transient
        a_miss_because_a_store_was_down_never_overwrites
        every_single_fault_leaves_a_report_that_agrees_with_the_store
    }
    transactions {
        another_sessions_change_is_a_conflict_that_names_the_key
        a_key_created_by_two_is_a_conflict_for_the_second
        a_conflict_runs_a_transaction_once_more
        a_conflict_after_a_partial_write_is_not_run_again
        an_error_of_the_body_is_not_run_again_and_writes_nothing
        a_panic_in_the_body_writes_nothing_and_is_propagated
        hooks_see_the_report_and_their_errors_have_no_effect
        counters_count_what_happened
    }
    unusable {
        damaged_bytes_are_a_miss_and_are_replaced_at_the_first_try
        a_foreign_value_is_a_miss_and_can_be_removed
        another_schema_is_a_miss_and_a_counter
        a_write_over_an_unusable_value_replaces_exactly_that_value
        what_has_vanished_and_was_no_usable_value_is_not_recreated
        two_hundred_thousand_small_numbers_are_loaded_again
    }
    hostile {
        stored_bytes_that_are_nested_too_deeply_are_a_miss
        a_value_that_is_nested_too_deeply_is_an_error_with_key_and_limit
        a_value_of_any_depth_is_compared_and_rolled_back
        a_dictionary_may_allow_fewer_or_more_levels
        a_length_that_is_only_claimed_is_a_miss
        a_value_that_needs_too_much_memory_is_refused_by_writer_and_reader
    }
    readable {
        an_opaque_value_that_cannot_be_read_again_is_an_error_with_the_way_out
        an_opaque_field_is_tried_wherever_it_is
        an_opaque_value_with_a_hash_map_inside_is_written
        json_is_compared_by_value
    }
    keys {
        long_and_unsafe_keys_work_and_never_collide
        namespaces_keep_caches_apart
        a_key_that_is_too_long_is_an_error
    }
    links {
        a_link_is_stored_as_a_name_and_a_key_never_as_its_target
        the_target_of_a_link_is_the_object_in_its_dictionary
        a_target_that_was_lost_is_a_miss
        links_may_form_a_circle_or_refer_to_their_own_entry
        a_link_may_be_an_entry
        many_targets_are_loaded_in_one_batch_by_their_keys
        assigning_an_equal_link_marks_nothing
        a_link_to_a_name_of_another_type_is_the_wrong_type
        a_value_that_only_links_to_a_changed_type_is_still_read
        any_stored_link_is_a_miss_or_a_key_error
        a_link_leads_into_the_namespace_of_the_cache_that_follows_it
        a_target_that_was_followed_is_written_with_the_options_of_its_definition
    }
    savepoints {
        a_rollback_restores_values_and_flags
        a_rollback_restores_new_and_removed_entries
        a_rollback_undoes_a_removal_and_an_insert
        a_rollback_to_before_a_change_leaves_nothing_to_send
        a_value_that_was_first_loaded_after_the_savepoint_stays_loaded
        savepoints_nest_and_each_allows_many_rollbacks
        a_later_savepoint_is_invalid_after_a_rollback_to_an_earlier_one
        a_savepoint_of_another_session_is_invalid
        fields_that_are_not_stored_come_back_as_their_default
        an_untracked_change_made_before_the_savepoint_is_restored
        the_lifetime_of_an_earlier_write_is_restored
        a_transaction_can_be_rolled_back_in_part_and_run_again
        hooks_survive_a_rollback
        threads_change_one_session_after_a_savepoint
    }
    snapshots {
        an_entry_that_is_not_borrowed_for_writing_costs_nothing
        a_value_that_cannot_be_kept_is_not_lent_and_everything_else_works
        an_entry_that_does_not_decode_is_poisoned_and_all_others_are_restored
        an_entry_that_was_poisoned_after_the_savepoint_is_restored
        an_entry_whose_guard_was_leaked_after_the_savepoint_is_restored
    }
    ancestors {
        a_nested_change_is_seen_and_written
        a_change_after_an_abort_is_written
        a_rollback_to_a_savepoint_really_rolls_back
        an_inserted_value_is_read_and_overwritten_in_one_session
        a_value_is_one_object_until_the_commit_and_an_equal_one_after_it
        a_removed_value_is_a_miss_before_and_after_the_commit
    }
    conflicts {
        a_changed_value_follows_the_rule_for_conflicts
        a_value_of_or_insert_after_a_miss_is_stored_only_if_there_is_still_none
        an_insert_without_a_read_overwrites_any_value
        an_insert_after_a_read_is_a_change_of_the_read_value
        a_removal_after_a_read_deletes_only_the_read_value
        a_removal_without_a_read_deletes_any_value
        a_vanished_value_is_a_conflict_if_the_dictionary_says_so
    }
    explained {
        a_conflict_names_each_key_its_type_and_who_changed_which_fields
        a_conflict_says_in_words_what_happened
        a_value_that_is_one_part_is_changed_as_a_whole
        a_conflict_about_an_unreadable_value_says_what_is_known
        an_error_is_transient_only_if_certainly_nothing_was_written
    }
    fetching {
        a_missing_value_is_made_once_and_a_hit_is_one_load_and_no_change
        callers_of_one_process_run_one_loader_and_each_gets_its_own_copy
        a_loaders_error_goes_to_its_own_caller_and_the_others_run_theirs
        when_leaders_keep_failing_each_caller_ends_with_its_own_error
        a_loader_that_panics_hands_over_to_a_caller_that_waits
        a_loader_that_fails_alone_gives_the_right_back
        a_value_that_another_stored_meanwhile_stays_and_the_loaded_one_is_returned
        a_value_that_was_removed_or_invalidated_meanwhile_is_not_stored
        a_loader_may_say_that_there_is_none
        a_loader_may_set_the_lifetime_or_decline_to_store
        a_store_that_is_down_is_loaded_past_and_a_strict_one_is_an_error
        a_value_that_the_store_refuses_is_returned
        a_value_that_cannot_be_encoded_is_an_error_and_gives_the_right_back
        bytes_that_are_not_usable_are_replaced_or_stay_as_the_dictionary_says
        a_tombstone_is_replaced_by_the_call_that_found_it
        a_call_that_comes_after_an_invalidation_does_not_get_what_an_earlier_loader_read
        after_a_clear_each_value_is_made_anew_and_no_earlier_one_is_returned
    }
    fetching_many {
        one_batch_asks_and_the_loader_gets_the_missing_keys
        a_key_that_is_not_returned_has_no_value_and_one_that_is_given_twice_is_made_once
        keys_that_another_call_makes_are_waited_for
        an_error_gives_every_right_back_and_is_returned
        keys_that_the_session_has_are_not_asked_for
        cleared_values_are_made_anew_in_one_run
        a_store_that_is_down_is_loaded_past_in_one_run
    }
    fetched {
        a_fetched_value_is_changed_and_committed_as_a_loaded_one
        a_value_that_the_session_has_is_returned_without_a_loader
        a_key_that_was_read_as_a_miss_is_fetched_with_a_lease
        a_removed_or_borrowed_entry_is_filled_for_this_session_alone
        a_value_that_was_not_stored_is_stored_once_it_is_changed
        a_change_of_a_fetched_value_that_another_session_changed_is_a_conflict
        an_entry_that_has_to_be_current_stays_what_was_read
        a_rollback_keeps_what_was_fetched
        that_there_is_none_stays_so_in_a_session_and_can_be_changed
    }
    hooks {
        before_commit_hooks_see_the_changes_and_those_of_the_cache_run_first
        a_hook_that_refuses_stops_the_whole_commit
        after_commit_hooks_see_the_report_of_a_successful_commit
        notes_are_in_the_report_of_a_conflict_as_well
        hooks_run_after_failed_commits_and_after_rollbacks
        a_hook_that_panics_after_a_commit_has_no_other_effect
        a_session_knows_whether_it_has_changes
        a_doomed_session_works_and_writes_nothing
    }
    merging {
        changes_of_different_fields_are_both_kept_and_the_report_names_them
        coarse_changes_of_both_sides_are_kept_beside_a_hash_map
        sums_add_up_what_each_side_added
        a_field_that_both_changed_without_a_rule_is_a_conflict
        a_rule_that_fails_or_panics_is_a_conflict_and_nothing_is_half_merged
        a_failed_merge_leaves_the_rest_of_the_commit
        a_transaction_runs_again_after_a_failed_merge
        a_removal_and_a_value_that_both_created_are_not_merged
        a_value_that_another_session_removed_is_treated_as_on_vanished_says
        a_merged_value_above_the_limit_is_refused_and_theirs_stays
        a_value_that_was_stored_again_unchanged_is_merged
    }
    overtaken {
        a_value_that_was_stored_again_after_a_restart_or_an_eviction_is_merged
        a_value_that_vanishes_during_a_merge_is_recreated
        the_changes_of_three_writers_are_all_kept
        a_merge_that_is_overtaken_is_made_again_with_the_newer_value
        a_merged_value_in_doubt_is_recognized_by_its_nonce_or_sent_once_more
        values_of_an_older_type_are_converted_and_merged
        a_value_that_cannot_be_used_or_converted_is_a_conflict
    }
    refused {
        the_error_of_a_refused_call_names_the_call_and_the_state
        the_error_of_a_refused_commit_names_the_state
    }
    retries {
        a_transaction_is_tried_as_often_as_retry_says_and_the_error_has_the_count
        each_attempt_has_a_fresh_session
        in_a_strict_cache_work_that_did_not_reach_the_store_runs_again
        work_whose_strict_read_meets_an_outage_runs_again
        work_with_a_lost_change_runs_again_only_in_a_strict_cache
        work_that_may_have_been_written_does_not_run_again
        a_transaction_inside_another_is_independent
        retries_merges_and_conflicts_are_counted
    }
    current {
        entries_that_have_to_be_current_are_checked_once_before_anything_is_sent
        a_miss_can_have_to_be_current
        a_changed_key_can_have_to_be_current_as_well
        a_session_that_writes_nothing_checks_nothing
        an_entry_that_has_to_be_current_and_cannot_be_checked_is_unavailable
    }
    updates {
        an_update_changes_one_entry_and_runs_again_after_a_conflict
        an_update_can_remove_its_entry_or_leave_it
        many_updates_are_one_batch_of_loads_and_one_of_writes
        only_the_entries_in_conflict_run_again
        an_entry_in_conflict_to_the_end_is_named_and_the_others_are_written
        an_error_of_one_entry_does_not_stop_the_others
        a_value_that_does_not_encode_does_not_stop_the_others
        a_key_that_is_given_twice_is_changed_twice
        a_hook_that_refuses_a_batch_is_the_error_of_each_entry
        a_lost_change_is_reported_and_in_a_strict_cache_is_an_error
        an_update_that_may_have_been_written_does_not_run_again
        updates_follow_the_rules_of_their_definition
        a_lookup_says_why_there_is_no_value
        a_dictionary_may_be_strict_in_a_cache_that_is_not_and_the_reverse
        a_refused_change_is_an_error_if_strict
    }
    verifying {
        verify_first_checks_the_values_that_changes_depend_on_in_one_round_trip
        on_a_mismatch_nothing_of_the_commit_is_sent
        a_value_from_after_a_restart_is_a_mismatch
        an_empty_server_after_a_restart_is_a_mismatch_if_the_store_reports_restarts
        a_value_that_can_be_merged_or_recreated_is_no_mismatch
        a_change_that_cannot_be_checked_is_sent_only_if_its_token_is_certain
        a_version_number_from_before_a_restart_never_overwrites_another_clients_value
        a_transaction_with_several_changes_verifies_if_one_depends_on_a_stored_value
        a_transaction_with_a_single_change_checks_nothing
        a_conflict_beside_a_blind_insert_is_tried_again
    }
    belonging {
        a_value_that_comes_back_under_another_key_dictionary_or_namespace_is_a_miss
        a_copied_value_is_never_taken_for_the_outcome_of_a_write
        with_secrets_only_signed_values_are_read_and_the_list_rotates
        a_forged_value_is_a_miss_and_is_replaced_at_the_first_try
        signed_values_are_changed_merged_and_removed_as_others
        an_empty_secret_is_a_configuration_error
    }
    newer {
        a_value_of_a_newer_version_is_kept_and_a_change_of_it_is_a_conflict
        a_value_of_a_newer_version_does_not_have_to_stay_after_a_clear
        a_lookup_and_the_counters_say_that_a_value_is_newer
        a_value_that_was_upgraded_meanwhile_is_not_overwritten
        an_older_value_is_upgraded_and_a_foreign_schema_is_replaced_and_reported
        a_dictionary_may_keep_whatever_it_cannot_read
    }
    reentrant {
        the_destructor_of_a_replaced_or_removed_value_may_use_the_session
        the_destructor_of_a_value_that_is_not_taken_may_use_the_session
        the_destructor_of_a_value_in_a_guard_may_use_the_session
        the_encoding_of_a_value_at_a_savepoint_may_use_the_session
        decoding_a_value_may_use_the_session
    }
    tombstones {
        a_fill_that_is_late_is_a_conflict_whether_there_was_a_value_to_remove_or_not
        without_a_tombstone_a_fill_that_is_late_is_stored
        a_session_that_finds_the_tombstone_fills_the_entry
        a_removed_value_stays_removed_and_an_evicted_one_is_recreated
        a_blind_insert_and_the_last_write_replace_a_tombstone
        two_sessions_may_remove_one_value
        a_removal_after_a_miss_leaves_a_tombstone_and_after_an_insert_as_well
        a_tombstone_expires_and_a_value_is_then_stored_as_new
        an_entry_that_has_to_stay_absent_is_checked_by_its_tombstone
    }
}
