-- By event: stats join jobs with their run, and a second attempt asks whether the first was stored.
CREATE INDEX IF NOT EXISTS public_cps_za_runs_event
    ON public.public_cps_za_runs (event_id, timestamp_start);
CREATE INDEX IF NOT EXISTS public_cps_za_dlchange_event ON public.public_cps_za_dlchange (event_id);
CREATE INDEX IF NOT EXISTS public_cps_za_test_event ON public.public_cps_za_test (event_id);

-- By time and by run: stats of a window far back start from its runs, not from the newest job.
CREATE INDEX IF NOT EXISTS public_cps_za_runs_start
    ON public.public_cps_za_runs (timestamp_start, event_id);
CREATE INDEX IF NOT EXISTS public_cps_za_runs_jobs_event
    ON public.public_cps_za_runs_jobs (event_id, internal_id);
