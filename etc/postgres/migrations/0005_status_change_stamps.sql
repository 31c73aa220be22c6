-- Which event each value of a job's row came from, so that the row ends the same in whatever order,
-- and however often, its events arrive: column name (or `additional_context/KEY`) to stamp. A stamp
-- is the event's time in milliseconds (15 digits), its step in a job's life (one digit), and a
-- digest of its content; stamps compare as text, bytewise. See the mapping of the topic.
ALTER TABLE public.public_cps_za_status_change_aggregated_job
    ADD COLUMN IF NOT EXISTS stamps JSONB;

-- The stamps of a row that was written without them: all its values are as old as its last update.
CREATE OR REPLACE FUNCTION public.eventgate_job_stamps(
    job public.public_cps_za_status_change_aggregated_job
) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $stamps$
    SELECT jsonb_object_agg(
               name,
               lpad((extract(epoch FROM job.last_updated_at) * 1000)::bigint::text, 15, '0') || '0')
      FROM (SELECT key AS name
              FROM jsonb_each(to_jsonb(job))
             WHERE value <> 'null' AND NOT (key = 'attempt_number' AND value = '1')
            UNION ALL
            SELECT 'additional_context/' || key
              FROM jsonb_object_keys(CASE jsonb_typeof(job.additional_context)
                                     WHEN 'object' THEN job.additional_context
                                     ELSE '{}' END) AS key) AS names
$stamps$;

-- Of two sets of stamps the newer one for each name.
CREATE OR REPLACE FUNCTION public.eventgate_newest_stamps(a jsonb, b jsonb)
RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $newest$
    SELECT jsonb_object_agg(name, stamp)
      FROM (SELECT key AS name, max(value COLLATE "C") AS stamp
              FROM (SELECT * FROM jsonb_each_text(a)
                    UNION ALL
                    SELECT * FROM jsonb_each_text(b)) AS both_sets
             GROUP BY key) AS newest
$newest$;

-- Is the incoming value of that name there, and at least as new as the stored one? (Short enough to
-- become part of the statement that calls it.)
CREATE OR REPLACE FUNCTION public.eventgate_wins(
    name text, incoming jsonb, job public.public_cps_za_status_change_aggregated_job
) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $wins$
    SELECT coalesce((incoming ->> name) COLLATE "C" >=
                    coalesce(coalesce(job.stamps, eventgate_job_stamps(job)) ->> name, '')
                        COLLATE "C", false)
$wins$;

ALTER FUNCTION public.eventgate_job_stamps(public.public_cps_za_status_change_aggregated_job)
    OWNER TO eventgate_owner;
ALTER FUNCTION public.eventgate_newest_stamps(jsonb, jsonb) OWNER TO eventgate_owner;
ALTER FUNCTION public.eventgate_wins(text, jsonb, public.public_cps_za_status_change_aggregated_job)
    OWNER TO eventgate_owner;
