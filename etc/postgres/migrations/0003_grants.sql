-- Who owns, who writes, who reads; and no one more than that.

ALTER TABLE public.public_cps_za_runs OWNER TO eventgate_owner;
ALTER TABLE public.public_cps_za_runs_jobs OWNER TO eventgate_owner;
ALTER TABLE public.public_cps_za_dlchange OWNER TO eventgate_owner;
ALTER TABLE public.public_cps_za_test OWNER TO eventgate_owner;
ALTER TABLE public.public_cps_za_status_change_aggregated_job OWNER TO eventgate_owner;

GRANT USAGE, CREATE ON SCHEMA public TO eventgate_owner;
GRANT USAGE ON SCHEMA public TO eventgate_writer, eventgate_reader;

GRANT SELECT ON TABLE
    public.public_cps_za_runs,
    public.public_cps_za_runs_jobs,
    public.public_cps_za_dlchange,
    public.public_cps_za_test,
    public.public_cps_za_status_change_aggregated_job
TO eventgate_reader;

GRANT SELECT, INSERT, UPDATE ON TABLE
    public.public_cps_za_runs,
    public.public_cps_za_runs_jobs,
    public.public_cps_za_dlchange,
    public.public_cps_za_test,
    public.public_cps_za_status_change_aggregated_job
TO eventgate_writer;

GRANT USAGE, SELECT ON SEQUENCE public.public_cps_za_runs_jobs_internal_id_seq TO eventgate_writer;

ALTER DEFAULT PRIVILEGES FOR ROLE eventgate_owner IN SCHEMA public
    GRANT SELECT ON TABLES TO eventgate_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE eventgate_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE ON TABLES TO eventgate_writer;
ALTER DEFAULT PRIVILEGES FOR ROLE eventgate_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO eventgate_writer;
