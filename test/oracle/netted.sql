-- What is left of the sums of periods in order: a refund is taken off its period, then off
-- those before, the latest first.
CREATE FUNCTION pg_temp.netted(sums numeric[]) RETURNS numeric[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	i int;
	owed numeric;
	part numeric;
BEGIN
	FOR n IN 1 .. cardinality(sums) LOOP
		owed := -least(sums[n], 0);
		sums[n] := greatest(sums[n], 0);
		i := n;
		WHILE owed > 0 AND i > 1 LOOP
			i := i - 1;
			part := least(owed, sums[i]);
			sums[i] := sums[i] - part;
			owed := owed - part;
		END LOOP;
	END LOOP;
	RETURN sums;
END $$;
