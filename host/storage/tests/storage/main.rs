//! One suite, told to both engines: every story is registered for SQLite and for PostgreSQL.
//!
//! A story gets an empty database with a small world in it; when it ends, the ledger must agree with itself, unless the
//! story has tampered with it. Without PostgreSQL its stories are reported as ignored, with the reason; with
//! `CAPSTAN_REQUIRE_ALL=1` they fail. `-- --bench` measures a check of the ledger instead.

mod accounts;
mod attempts;
mod backup;
mod balances;
mod by_hand;
mod charging;
mod complaining;
mod configuration;
mod doubting;
mod engine;
mod fixture;
mod ledger;
mod lending;
mod measure;
mod model;
mod opening;
mod operating;
mod placing;
mod policy;
mod pricing;
mod proxy;
mod settling;
mod shards;
mod statements;
mod verifying;
mod writer;

use capstan_test_postgres::must_run_everything;
use engine::{Engine, NoPostgres};
use fixture::Fixture;
use futures_util::future::BoxFuture;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

type Story = fn(Fixture) -> BoxFuture<'static, anyhow::Result<()>>;

macro_rules! stories {
    ($($module:ident: $($name:ident),+;)+) => {
        [$($((concat!(stringify!($module), "::", stringify!($name)), (|f| Box::pin($module::$name(f))) as Story)),+),+]
    };
}

/// Every story, by its module and its sentence.
#[expect(clippy::too_many_lines, reason = "a line for some stories each, all in one place")]
fn stories() -> Vec<(&'static str, Story)> {
    stories![
        accounts: an_account_is_made_once_and_changes_status, a_top_up_is_booked_once_per_payment,
            a_top_up_that_cannot_be_is_refused, a_key_is_found_by_its_hash_with_its_account;
        configuration: providers_are_set_and_listed,
            generations_are_numbered_and_what_was_installed_is_remembered,
            who_is_trusted_and_what_was_admitted_is_remembered, the_one_in_force_is_kept_beside_any_number_of_trials, a_credential_is_known_by_its_fingerprint,
            the_newest_price_book_is_current_and_whole, price_books_are_append_only,
            what_a_node_has_learned_is_kept_in_place_of_what_it_wrote_before;
        pricing: every_kind_of_rule_comes_back_as_it_was, a_rule_that_cannot_be_publishes_nothing,
            a_book_of_a_release_before_is_rules_with_fixed_prices, an_attempt_keeps_what_it_was_agreed_at,
            drift_is_what_was_reported_against_what_was_expected;
        placing: a_task_is_placed_with_its_hold_and_first_attempt, the_hold_is_the_dearest_affordable_of_those_tried,
            a_placing_said_twice_is_one_hold, a_placing_said_again_is_answered_when_nothing_is_left,
            a_taken_number_is_told_and_leaves_nothing, what_cannot_be_placed_is_refused,
            a_thousand_tasks_on_a_balance_for_a_hundred_are_exactly_a_hundred, another_account_s_task_is_not_found;
        attempts: an_acceptance_makes_a_task_run, the_next_attempt_replaces_a_refused_one,
            a_doubtful_attempt_is_accepted_later, records_of_a_task_that_is_over_are_moot,
            open_tasks_are_listed_by_shard_with_their_latest_attempt;
        settling: a_solved_task_is_captured_and_the_rest_returns, a_failed_task_is_released_in_full,
            a_hold_is_settled_once,
            settlements_that_race_close_one_hold, a_capture_above_the_hold_changes_nothing,
            old_solutions_are_purged_and_costs_stay;
        charging: a_contributor_earns_the_share_of_the_snapshot, nobody_earns_from_their_own_task,
            a_late_charge_is_a_loss_once, a_failure_that_was_charged_is_refunded_and_a_loss_at_once,
            a_refusal_that_was_charged_is_a_loss_while_the_task_goes_on, a_contributor_gets_back_what_others_tasks_cost,
            the_same_solution_told_twice_costs_nothing_more, earnings_mature_once_their_dispute_window_has_passed;
        doubting: a_watched_attempt_is_listed_until_its_last_word, what_is_assumed_is_borne_and_stays_unknown,
            only_the_holder_of_the_shard_has_the_last_word, what_is_in_doubt_is_listed_with_what_it_cost;
        complaining: a_complaint_gives_the_capture_back_once, a_good_word_decides_nothing_and_is_the_last,
            what_the_policy_refuses_moves_no_money,
            a_report_on_what_is_not_a_solved_task_of_the_account_is_refused,
            an_accounts_own_rule_is_the_one_in_force, a_crowd_does_not_pass_the_cap_together,
            a_pending_share_is_taken_back_and_never_matures, a_matured_share_stays_and_the_platform_bears_it,
            who_complains_of_their_own_credential_gets_what_they_paid,
            a_decision_that_waits_survives_and_is_told_once,
            what_the_provider_refuses_gives_nothing_back_and_makes_room, a_daily_cap_gets_back_what_was_refunded,
            reports_are_counted_by_account_and_provider;
        lending: a_key_is_contributed_once_and_by_one_owner,
            what_an_operator_disabled_does_not_come_back_under_another_id, a_closed_account_lends_nothing_any_more,
            a_step_of_its_life_is_taken_once_and_only_from_where_it_was_decided,
            a_withdrawn_secret_is_destroyed_when_no_task_needs_it, what_is_asked_to_be_paid_out_is_not_spent_meanwhile,
            a_payout_is_taken_back_by_its_own_account_alone,
            who_proves_to_own_a_key_gets_it_and_what_it_earned_waits,
            what_is_made_of_a_key_is_told_day_by_day_and_counted_for_its_cap;
        shards: free_and_expired_shards_are_taken_under_new_epochs, a_lease_is_renewed_and_released,
            a_fenced_write_changes_nothing;
        balances: a_balance_is_held_against_the_books_since_the_look_before, a_look_said_twice_is_one;
        ledger: moves_and_entries_cannot_be_changed, a_changed_entry_is_detected, a_changed_balance_is_detected,
            a_changed_task_is_detected, entries_are_listed_by_task_and_account;
        by_hand: an_adjustment_gives_and_takes_and_leaves_nothing_below_zero,
            a_reference_is_one_move_and_one_line_of_the_audit_log, a_reference_with_another_content_is_refused,
            earnings_are_paid_out_and_spent_as_far_as_they_have_matured,
            a_closed_account_is_paid_out_and_gets_nothing, a_share_is_taken_back_while_it_is_pending;
        statements: a_statement_is_read_page_by_page_with_what_was_there_after,
            moves_that_come_in_change_no_page_behind_them, a_statement_is_of_a_time, earnings_have_a_statement_of_their_own,
            a_page_reads_its_own_lines_by_the_index;
        verifying: a_move_that_no_function_makes_is_detected, a_wrong_sum_of_earnings_is_detected,
            a_wrong_share_is_detected, a_task_that_nobody_solved_is_detected, a_wrong_charge_is_detected,
            a_wrong_reimbursement_is_detected, a_wrong_payout_is_detected, a_wrong_take_back_is_detected, a_wrong_reversal_is_detected,
            another_account_s_entry_is_detected;
        writer: a_crowd_shares_commits, the_life_of_a_task_is_three_short_commits,
            a_refused_request_harms_no_neighbour, a_full_queue_is_told,
            a_caller_that_leaves_does_not_take_its_write_along, a_lost_connection_is_made_good,
            a_look_that_is_left_spoils_no_later_one,
            a_closed_store_says_so;
        operating: a_change_and_its_line_are_one, the_audit_log_only_grows,
            an_account_is_closed_once_it_owes_and_holds_nothing, a_revoked_key_places_nothing,
            a_daily_cap_counts_holds_and_captures_of_the_day, a_daily_cap_holds_under_a_crowd,
            a_rotated_credential_keeps_its_id, credentials_are_bound_anew_all_or_none, switches_are_set_and_taken_away;
        policy: site_rules_come_and_go, a_rule_that_cannot_be_is_refused, default_rules_are_added_and_stay_switched_off,
            a_key_keeps_its_domains, traces_are_found_by_domain_and_by_site_key,
            tasks_of_releases_before_are_found_too;
        backup: a_backup_made_among_writes_is_restored_whole, a_node_of_before_a_restore_writes_nothing,
            what_is_no_whole_backup_is_refused, what_is_there_gives_way_only_when_told_to,
            a_backup_overwrites_nothing_and_leaves_no_half_file, a_ledger_that_does_not_add_up_is_told,
            a_key_check_is_kept_once;
        opening: reopening_keeps_everything, a_newer_schema_is_refused, addresses_are_read_without_their_password;
    ].into()
}

fn main() {
    let arguments = Arguments::from_args();
    let stories = stories();
    // SQLite's commit is a call in this process, whose answer cannot be lost, and its file is Capstan's alone.
    let over_a_wire = stories![
        writer: a_commit_whose_answer_was_lost_is_answered_and_has_one_effect;
        backup: what_others_made_in_the_database_stays;
    ];
    let in_a_file = stories![opening: a_database_of_a_release_before_takes_everything_along;];
    let mut trials = Vec::new();
    for (engine, more) in [(Engine::Sqlite, &in_a_file[..]), (Engine::Postgres, &over_a_wire[..])] {
        for &(name, story) in stories.iter().chain(more) {
            let trial = Trial::ignorable_test(name, move || tell(engine, story));
            trials.push(trial.with_kind(engine.name()));
        }
        let model = Trial::ignorable_test("every sequence of moves leaves what the model says", move || {
            model::check(engine, is_full())
        });
        trials.push(model.with_kind(engine.name()));
        let sweep =
            Trial::ignorable_test("whichever operation fails, nothing is lost and nothing doubled", move || {
                model::sweep(engine, is_full())
            });
        trials.push(sweep.with_kind(engine.name()));
        trials.push(
            Trial::bench("verifying", move |test_mode| measure::verifying(engine, test_mode)).with_kind(engine.name()),
        );
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    engine::stop_postgres();
    conclusion.exit();
}

/// Tells one story to one engine.
fn tell(engine: Engine, story: Story) -> Result<Completion, Failed> {
    let database = match engine.create_database() {
        Ok(database) => database,
        Err(NoPostgres::Unavailable(reason)) if !must_run_everything() => return Ok(Completion::ignored_with(reason)),
        Err(NoPostgres::Unavailable(reason) | NoPostgres::Failed(reason)) => return Err(reason.into()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime
        .block_on(async {
            let fixture = Fixture::open(database).await?;
            story(fixture.clone()).await?;
            fixture.finish().await
        })
        .map_err(|error: anyhow::Error| format!("{error:?}"))?;
    Ok(Completion::Completed)
}

/// Whether the long sizes are asked for.
fn is_full() -> bool {
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the product")]
    let setting = std::env::var("CAPSTAN_FULL");
    setting.is_ok_and(|value| value == "1")
}
